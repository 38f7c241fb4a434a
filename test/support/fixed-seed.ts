// Every property runs on the same cases each time: a red test is red for everybody. FAST_CHECK_SEED looks for new ones.
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FAST_CHECK_SEED"] ?? 1) });
