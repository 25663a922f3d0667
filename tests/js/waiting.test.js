import assert from "node:assert/strict";
import { test } from "node:test";

import { clockTime, Wait } from "../../static/js/waiting.js";

/** A stopped clock; moving it runs the interval's callback once a second. */
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

test("times have minutes and seconds", () => {
  assert.deepEqual([0, 9, 65, 3600].map(clockTime), ["0:00", "0:09", "1:05", "60:00"]);
});

test("a button counts down and is then enabled", () => {
  const { time, button, over } = waiting(3);
  assert.deepEqual([button.disabled, button.textContent], [true, "in 0:03"]);
  time.pass(2);
  assert.deepEqual([button.disabled, button.textContent, over], [true, "in 0:01", []]);
  time.pass(1);
  assert.deepEqual([button.disabled, button.textContent, over], [false, "Try again", ["Try again"]]);
  assert.equal(time.timers.size, 0);
});

test("a countdown catches up after the computer slept", () => {
  const { time, button } = waiting(60);
  time.time += 59_000;
  time.pass(1);
  assert.ok(!button.disabled);
});

test("a wait ended early leaves the button enabled", () => {
  const { time, button, over, wait } = waiting(30);
  wait.end();
  time.pass(40);
  assert.deepEqual([button.disabled, over], [false, []]);
});
