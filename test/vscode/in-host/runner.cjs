// Loaded by the extension host itself (extensionTestsPath): runs the tests beside the extension, with the real `vscode`
// API, and leaves their results in a JSON file, since a host that dies says nothing.
const { writeFileSync } = require("node:fs");
const { tests } = require("./tests.cjs");

exports.run = async () => {
  const results = [];
  for (const [name, test] of tests) {
    const start = Date.now();
    let error;
    try {
      let timer;
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("took over 60 s")), 60_000);
      });
      await Promise.race([test(), late]).finally(() => clearTimeout(timer));
    } catch (failure) {
      error = String(failure?.stack ?? failure);
    }
    results.push({ name, error, ms: Date.now() - start });
    writeFileSync(process.env.TAGWRIGHT_RESULTS, JSON.stringify({ expected: tests.length, results }));
    // They build on each other: what follows a failure would only wait for what does not come.
    if (error !== undefined) throw new Error("a test failed");
  }
};
