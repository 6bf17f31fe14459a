/**
 * A refusal that a user can meet. Its code is stable (documented in docs/reference/errors.md), its
 * field names what is wrong, its message says what happened and what to do.
 */
export class Refusal extends Error {
  readonly code: string
  readonly field: string

  constructor(code: string, field: string, message: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.field = field
  }
}
