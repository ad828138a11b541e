/** The page with a section for each error code. */
export const TROUBLESHOOTING =
  "https://github.com/pulumi-nylas-imap/pulumi-nylas-imap/blob/main/docs/troubleshooting.md";
