import fc from "fast-check";

/** Objects whose members are what belongs there, `usually` times as often as they are something odd, and as often absent as odd. */
export function nearlyPlain(usually: number, odd: fc.Arbitrary<unknown>) {
  const member = (usual: fc.Arbitrary<unknown>) =>
    fc.oneof(
      { weight: usually, arbitrary: usual },
      { weight: 1, arbitrary: odd },
      { weight: 1, arbitrary: fc.constant(undefined) },
    );
  return (members: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record(Object.fromEntries(Object.entries(members).map(([name, usual]) => [name, member(usual)])));
}
