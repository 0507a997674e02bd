const WHOLE = 10_000n;

/**
 * What a partner gets of each booking: the whole is the sum of all, times the rate, without what is less than a smallest unit
 * (towards zero); each share is what the whole grows by with its booking, so that the shares are exactly the whole.
 *
 * @param amounts in the smallest unit, below 0 for what went back
 * @param rate hundredths of a per cent
 */
export function sharesOf(amounts: readonly number[], rate: number): number[] {
  let sum = 0n;
  let given = 0n;
  return amounts.map((amount) => {
    sum += BigInt(amount);
    const whole = (sum * BigInt(rate)) / WHOLE;
    const share = whole - given;
    given = whole;
    return Number(share);
  });
}
