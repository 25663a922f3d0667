import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CaptureMachine, next, TRANSITIONS } from "../../static/js/camera/machine.js";

function statesAfter(...signals) {
  const machine = new CaptureMachine();
  return signals.map((signal) => {
    machine.send(signal);
    return machine.state;
  });
}

test("a good face leads from idle to captured automatically", () => {
  assert.deepEqual(statesAfter("start", "opened", "good", "capture", "enough"), [
    "starting", "guiding", "holding", "capturing", "captured",
  ]);
});

test("enrolling rests between two pictures and guides again", () => {
  const states = statesAfter("start", "opened", "capture", "more", "rested", "good");
  assert.deepEqual(states.slice(2), ["capturing", "resting", "guiding", "holding"]);
});

test("a face that is lost while holding leads back to guiding", () => {
  assert.equal(statesAfter("start", "opened", "good", "lost").at(-1), "guiding");
});

test("the manual button takes a picture while guiding, holding and resting", () => {
  for (const state of ["guiding", "holding", "resting"]) {
    assert.equal(next(state, "capture"), "capturing");
  }
});

test("an unplugged camera fails every state that uses it", () => {
  for (const state of ["starting", "guiding", "holding", "capturing", "resting"]) {
    assert.equal(next(state, "fail"), "failed");
  }
});

test("a hidden tab stops the camera until the user starts it", () => {
  assert.deepEqual(statesAfter("start", "opened", "hide", "start").slice(2), ["hidden", "starting"]);
});

test("the camera can start again after a failure", () => {
  assert.equal(next("failed", "start"), "starting");
});

test("a verdict after the start of the capture changes nothing", () => {
  assert.equal(next("capturing", "lost"), "capturing");
  assert.equal(next("captured", "good"), "captured");
});

test("every transition leads to a state that exists", () => {
  const states = Object.keys(TRANSITIONS);
  for (const exits of Object.values(TRANSITIONS)) {
    for (const state of Object.values(exits)) assert.ok(states.includes(state), state);
  }
});

test("every state can be reached from idle", () => {
  const reached = new Set(["idle"]);
  for (const state of reached) {
    for (const target of Object.values(TRANSITIONS[state])) reached.add(target);
  }
  assert.deepEqual([...reached].sort(), Object.keys(TRANSITIONS).sort());
});

test("each change is reported once, with the state before", () => {
  const machine = new CaptureMachine();
  const told = [];
  machine.onchange = (state, before) => told.push([before, state]);
  machine.send("start");
  machine.send("start");
  assert.deepEqual(told, [["idle", "starting"]]);
});

test("every state leads exactly to its documented successors", () => {
  const source = readFileSync(new URL("../../static/js/camera/machine.js", import.meta.url), "utf8");
  const line = /^ \*   (\w+) .*→ (.+)$/gm;
  const written = Object.fromEntries(
    [...source.matchAll(line)].map(([, state, targets]) => {
      return [state, targets.replace(/\(.*?\)/g, "").split(",").map((name) => name.trim())];
    }),
  );
  const live = ["starting", "guiding", "holding", "capturing", "resting"];
  for (const [state, signals] of Object.entries(TRANSITIONS)) {
    const targets = new Set(Object.values(signals).filter((target) => target !== state));
    const expected = [...written[state], ...(live.includes(state) ? ["failed", "hidden", "idle"] : [])];
    assert.deepEqual([...targets].sort(), expected.sort(), state);
  }
  assert.deepEqual(Object.keys(written).sort(), Object.keys(TRANSITIONS).sort());
});
