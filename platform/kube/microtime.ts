/**
 * Kubernetes' MicroTime: RFC 3339 with exactly six decimals; the API server refuses the three that
 * toISOString gives.
 */
export function microTime(date: Date = new Date()): string {
  return `${date.toISOString().slice(0, -1)}000Z`
}
