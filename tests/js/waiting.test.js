import assert from "node:assert/strict";
import { test } from "node:test";

import { clockTime, Wait } from "../../static/js/waiting.js";

/** A clock that stands still until it is moved; it calls what was asked for at each second. */
function clock() {
  const timers = new Map();
  return {
    time: 0,
    timers,
    now() { return this.time; },
    setInterval(call) { timers.set(timers.size + 1, call); return timers.size; },
    clearInterval(timer) { timers.delete(timer); },
    pass(seconds) {
      for (let second = 0; second < seconds; second += 1) {
        this.time += 1000;
        for (const call of timers.values()) call();
      }
    },
  };
}

function waiting(seconds) {
  const time = clock();
  const button = { disabled: false, textContent: "Try again" };
  const over = [];
  const wait = new Wait(button, button, time);
  wait.begin(seconds, "in {time}", () => over.push(button.textContent));
  return { time, button, over, wait };
}

test("times are told in minutes and seconds", () => {
  assert.deepEqual([0, 9, 65, 3600].map(clockTime), ["0:00", "0:09", "1:05", "60:00"]);
});

test("a button counts down and can then be pressed", () => {
  const { time, button, over } = waiting(3);
  assert.deepEqual([button.disabled, button.textContent], [true, "in 0:03"]);
  time.pass(2);
  assert.deepEqual([button.disabled, button.textContent, over], [true, "in 0:01", []]);
  time.pass(1);
  assert.deepEqual([button.disabled, button.textContent, over], [false, "Try again", ["Try again"]]);
  assert.equal(time.timers.size, 0);
});

test("a clock that was asleep makes up for it", () => {
  const { time, button } = waiting(60);
  time.time += 59_000;
  time.pass(1);
  assert.ok(!button.disabled);
});

test("a wait that is ended leaves the button usable", () => {
  const { time, button, over, wait } = waiting(30);
  wait.end();
  time.pass(40);
  assert.deepEqual([button.disabled, over], [false, []]);
});
