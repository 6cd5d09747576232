// Loaded before a server's own modules: its machine's clock is wrong by COFFER_TEST_CLOCK_MS.
const byMs = Number(process.env.COFFER_TEST_CLOCK_MS);
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given) => Reflect.construct(target, given.length === 0 ? [target.now() + byMs] : given),
  get: (target, name) => (name === "now" ? () => target.now() + byMs : Reflect.get(target, name)),
});
