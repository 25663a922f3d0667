import assert from "node:assert/strict";
import { test } from "node:test";

import { Announcer, QUIET_MS } from "../../static/js/announcer.js";

function announcer(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const said = [];
  return { said, speaker: new Announcer((text) => said.push(text)), timers: context.mock.timers };
}

test("instructions that flicker are not read out", (context) => {
  const { said, speaker, timers } = announcer(context);
  for (const text of ["Move closer", "Hold still", "Move closer", "Hold still"]) {
    speaker.settle(text);
    timers.tick(QUIET_MS / 3);
  }
  assert.deepEqual(said, []);
  timers.tick(QUIET_MS);
  assert.deepEqual(said, ["Hold still"]);
});

test("an instruction that is repeated with every frame is read once", (context) => {
  const { said, speaker, timers } = announcer(context);
  for (let frame = 0; frame < 30; frame += 1) {
    speaker.settle("Move closer");
    timers.tick(150);
  }
  assert.deepEqual(said, ["Move closer"]);
});

test("what is urgent is read at once and what waited is dropped", (context) => {
  const { said, speaker, timers } = announcer(context);
  speaker.settle("Hold still");
  speaker.urgent("Picture taken");
  timers.tick(QUIET_MS * 2);
  assert.deepEqual(said, ["Picture taken"]);
});
