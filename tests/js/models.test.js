import assert from "node:assert/strict";
import { test } from "node:test";

import { follow } from "../../static/js/models/following.js";

const at = (done, unfinished = true) => ({ unfinished, done, total: 2, words: `${done} of 2` });

test("a change is followed until it has ended", async () => {
  const answers = [at(0), at(1), at(2, false)];
  const shown = [];
  let pauses = 0;
  await follow(
    async () => answers.shift(),
    (progress) => shown.push(progress.done),
    async () => void (pauses += 1),
  );
  assert.deepEqual(shown, [0, 1, 2]);
  assert.equal(pauses, 2);
});

test("an unreachable server is polled again", async () => {
  const answers = [Promise.reject(new Error("offline")), Promise.resolve(at(2, false))];
  const shown = [];
  await follow(
    () => answers.shift(),
    (progress) => shown.push(progress.done),
    async () => {},
  );
  assert.deepEqual(shown, [2]);
});
