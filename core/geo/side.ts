/**
 * Below this a difference of two products may be rounding only: each product is under 2^63 (a whole
 * turn by half a turn in units), so its error and that of the difference are under 2^10 each.
 */
const UNSURE = 4096

/**
 * The sign of dx·py − dy·px for whole numbers, exactly: on which side of the direction (dx, dy) the
 * point (px, py) lies. Positive left, negative right, 0 on the line.
 */
export function crossSign(dx: number, dy: number, px: number, py: number): number {
  const cross = dx * py - dy * px
  if (cross > UNSURE || cross < -UNSURE) return cross
  return Number(BigInt(dx) * BigInt(py) - BigInt(dy) * BigInt(px))
}
