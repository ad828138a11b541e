/** Which application a function asks. */
export interface LookupOptions {
  /** The configuration namespace. Default: `"nylas"`. */
  application?: string | undefined;
}
