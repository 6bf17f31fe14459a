/**
 * Listens on all addresses, IPv6 and IPv4, also where there is no IPv6. `listen` is called with a
 * host, and again with the other one when the machine has no such family.
 */
export async function listenAnywhere(
  host: string | undefined,
  listen: (host: string) => Promise<unknown>,
): Promise<void> {
  try {
    await listen(host ?? '::')
  } catch (error) {
    if (host !== undefined || !noSuchFamily(error)) throw error
    await listen('0.0.0.0')
  }
}

function noSuchFamily(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL'
}
