import assert from "node:assert/strict";
import { test } from "node:test";

import { Announcer, QUIET_MS } from "../../static/js/announcer.js";

function announcer(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const announced = [];
  return { announced, speaker: new Announcer((text) => announced.push(text)), timers: context.mock.timers };
}

test("flickering instructions are not announced", (context) => {
  const { announced, speaker, timers } = announcer(context);
  for (const text of ["Move closer", "Hold still", "Move closer", "Hold still"]) {
    speaker.settle(text);
    timers.tick(QUIET_MS / 3);
  }
  assert.deepEqual(announced, []);
  timers.tick(QUIET_MS);
  assert.deepEqual(announced, ["Hold still"]);
});

test("an instruction repeated with every frame is announced once", (context) => {
  const { announced, speaker, timers } = announcer(context);
  for (let frame = 0; frame < 30; frame += 1) {
    speaker.settle("Move closer");
    timers.tick(150);
  }
  assert.deepEqual(announced, ["Move closer"]);
});

test("an urgent text is announced at once, and a pending one is dropped", (context) => {
  const { announced, speaker, timers } = announcer(context);
  speaker.settle("Hold still");
  speaker.urgent("Picture taken");
  timers.tick(QUIET_MS * 2);
  assert.deepEqual(announced, ["Picture taken"]);
});
