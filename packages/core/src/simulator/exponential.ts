// Times between events at random, the same on every machine. Math.log may differ by its last bit between engines (Node and
// browsers do), and a simulation grows that into other figures; this is the algorithm of fdlibm's e_log.c (Sun
// Microsystems, 1993), of operations that IEEE 754 fixes to the bit.
import type { RandomStream } from "./random.ts";

/** A draw with mean 1. */
export function exponential(stream: RandomStream): number {
  return -naturalLog(1 - stream());
}

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Of a polynomial in z = s² with s = f / (2 + f). */
const EVEN = [0.3999999999940942, 0.22222198432149784, 0.15313837699209373] as const;
const ODD = [0.6666666666666735, 0.2857142874366239, 0.1818357216161805, 0.14798198605116586] as const;

const bits = new DataView(new ArrayBuffer(8));

/** Of a normal number above 0, within one unit in the last place. */
export function naturalLog(value: number): number {
  bits.setFloat64(0, value);
  const high = bits.getInt32(0);
  const mantissa = high & 0xfffff;
  // value = 2^k · (1 + f), with 1 + f between √½ and √2.
  const carry = (mantissa + 0x95f64) & 0x100000;
  bits.setInt32(0, mantissa | (carry ^ 0x3ff00000));
  const k = (high >> 20) - 1023 + (carry >> 20);
  const f = bits.getFloat64(0) - 1;
  if (((2 + mantissa) & 0xfffff) < 3) return nearOne(f, k);
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (EVEN[0] + w * (EVEN[1] + w * EVEN[2]));
  const odd = z * (ODD[0] + w * (ODD[1] + w * (ODD[2] + w * ODD[3])));
  const rest = odd + even;
  if (((mantissa - 0x6147a) | (0x6b851 - mantissa)) > 0) {
    const half = 0.5 * f * f;
    return k === 0
      ? f - (half - s * (half + rest))
      : k * LN2_HIGH - (half - (s * (half + rest) + k * LN2_LOW) - f);
  }
  return k === 0 ? f - s * (f - rest) : k * LN2_HIGH - (s * (f - rest) - k * LN2_LOW - f);
}

/** |f| is below 2^-20. */
function nearOne(f: number, k: number): number {
  if (f === 0) return k * LN2_HIGH + k * LN2_LOW;
  const rest = f * f * (0.5 - 0.3333333333333333 * f);
  return k === 0 ? f - rest : k * LN2_HIGH - (rest - k * LN2_LOW - f);
}
