import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{trainer,language-server,extension,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "test/vscode/**"],
    globalSetup: "./test/support/build-when-stale.ts",
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
    testTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
