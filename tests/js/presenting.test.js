import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_TRIES, Presenting } from "../../static/js/plans/presenting.js";

const WORDS = { movements_passed: "passed", movements_failed: "failed" };

function plan(name, ...ends) {
  return {
    begin() {}, accepts: () => true, wish: () => name, count: () => name, taken: () => name,
    interrupt() {}, finish() {}, capture: async () => ends.shift(),
  };
}

function presenting({ ends, judge = async () => {} }) {
  const field = { value: "" };
  const movements = plan("movements");
  movements.capture = async () => {
    const end = ends.shift();
    if (end === "enough") field.value = "the challenge";
    return end;
  };
  const parts = { movements, pictures: plan("pictures", "more", "enough"), field, judge };
  return { presented: new Presenting({ ...parts, words: WORDS }), field };
}

test("the movements come first, then the pictures", async () => {
  const { presented, field } = presenting({ ends: ["enough"] });
  assert.equal(await presented.capture(), "more");
  assert.deepEqual([presented.taken(), presented.count()], ["passed", "pictures"]);
  assert.equal(await presented.capture(), "more");
  assert.equal(presented.taken(), "pictures");
  assert.equal(await presented.capture(), "enough");
  assert.equal(field.value, "the challenge");
});

test("a failed challenge starts again", async () => {
  const judge = async () => {
    throw new Error("not passed");
  };
  const { presented, field } = presenting({ ends: ["enough"], judge });
  assert.equal(await presented.capture(), "more");
  assert.deepEqual([presented.taken(), field.value], ["failed", ""]);
  assert.equal(presented.wish(), "movements");
});

test("after two failed challenges in a row, the user has to start again", async () => {
  const judge = async () => {
    throw new Error("not passed");
  };
  const ends = Array.from({ length: MOST_TRIES + 1 }, () => "enough");
  const { presented } = presenting({ ends, judge });
  for (let tries = 1; tries < MOST_TRIES; tries += 1) await presented.capture();
  await assert.rejects(presented.capture(), { message: "not passed" });
  assert.equal(await presented.capture(), "more");
});
