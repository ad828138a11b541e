import type { PackageFile } from "./package-file.js";

/** Compiler of the written project; any later one that Pulumi supports will do. */
const TYPESCRIPT = "^5.9.3";
const NODE_TYPES = "^24.0.0";

/** The files that make a Pulumi project of a program. */
export function projectFiles({ version, peerDependencies }: PackageFile): Record<string, string> {
  return {
    "Pulumi.yaml":
      "name: nylas-mailboxes\ndescription: The IMAP connector and mailboxes of a Nylas application\nruntime: nodejs\n",
    "package.json": json({
      name: "nylas-mailboxes",
      private: true,
      dependencies: { ...peerDependencies, "pulumi-nylas-imap": `^${version}` },
      devDependencies: { "@types/node": NODE_TYPES, typescript: TYPESCRIPT },
    }),
    "tsconfig.json": json({
      compilerOptions: {
        strict: true,
        target: "es2022",
        module: "commonjs",
        moduleResolution: "node",
        skipLibCheck: true,
        forceConsistentCasingInFileNames: true,
      },
      files: ["index.ts"],
    }),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
