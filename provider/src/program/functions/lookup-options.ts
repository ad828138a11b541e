/** Options of every function that sends a request. */
export interface LookupOptions {
  /**
   * The configuration namespace of the application's settings.
   *
   * @default "nylas"
   */
  application?: string | undefined;
}
