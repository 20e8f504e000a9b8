/** Starts what a .wat file beside this one was compiled to. */

/** What the module exports; null where there is no WebAssembly, or it may not be used. */
export function instantiate<Exports>(hexadecimal: string): Exports | null {
  interface Engine {
    Module: new (bytes: Uint8Array) => object;
    Instance: new (module: object) => { exports: unknown };
  }
  const { WebAssembly } = globalThis as { WebAssembly?: Engine };
  if (WebAssembly === undefined) return null;
  try {
    const bytes = Uint8Array.from(hexadecimal.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
  } catch {
    return null; // a page's policy forbids it, or the engine has no SIMD
  }
}
