/** Options of every function. */
export interface LookupOptions {
  /**
   * The configuration namespace of the application's settings.
   *
   * @default "nylas"
   */
  application?: string | undefined;
}
