import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{trainer,language-server,extension,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "test/vscode/**"],
    globalSetup: "./test/support/build-when-stale.ts",
    setupFiles: "./test/support/fixed-seed.ts",
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    coverage: {
      provider: "v8",
      include: ["{trainer,language-server}/**/src/**/*.ts"],
      // Entry points and commands run in processes of their own, where nothing is counted; the end-to-end tests see them.
      exclude: [
        "**/*.test.ts",
        "**/generated/**",
        "**/assembly/**",
        "**/{main,worker,server}.ts",
        "trainer/src/cli/*.ts",
      ],
      reporter: ["text-summary", "json-summary", "html"],
      thresholds: {
        lines: 80,
        "trainer/model/src/{kernels,folder,tree,ranker}/**": { lines: 95 },
        "trainer/src/{ranker,tree}/**": { lines: 95 },
      },
    },
  },
});
