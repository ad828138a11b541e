/** What `npm run setup` found or made, as it stands in `.work/setup.json`. */
export interface Setup {
  /** The Node that Pulumi's programs and plugins run on. */
  readonly node: { readonly directory: string; readonly version: string };
  readonly engine: {
    /** Holds `pulumi`. */
    readonly directory: string;
    readonly version: string;
    readonly kind: "path" | "npm" | "build";
    /** Where it comes from and why not from an earlier choice. */
    readonly reason: string;
  };
  readonly randomPlugin: { readonly kind: "pulumi" | "stand-in"; readonly reason: string };
}

/** Throws, saying what to do, when set-up has not run or its engine is gone. */
export function readSetup(): Setup;

/**
 * The environment of `npm run pulumi`, the demo and the tests: the caller's own variables win, `overrides` win over
 * those; `PATH` begins with the fitting Node, the engine and the plugins. `PULUMI_CONFIG_PASSPHRASE` stays unset when
 * the caller's own environment names another backend.
 */
export function pulumiEnvironment(overrides?: Record<string, string>): Record<string, string>;
