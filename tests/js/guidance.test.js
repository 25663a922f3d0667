import assert from "node:assert/strict";
import { test } from "node:test";

import { CheckFailure } from "../../static/js/camera/check.js";
import { Guidance } from "../../static/js/camera/guidance.js";

const VERDICT = { faces: 1, ok: true, reasons: [], message: "", box: null };

/** A clock that advances only by waits. */
class ManualClock {
  time = 0;
  waits = [];
  now = () => this.time;
  wait = async (ms) => {
    this.waits.push(ms);
    this.time += ms;
  };
}

/** Runs a guidance whose server answers after `answerMs`, for a number of rounds. */
async function guided(rounds, answer) {
  const clock = new ManualClock();
  const log = { verdicts: [], failures: [], sides: [], underWay: 0, most: 0 };
  const grab = async (side) => {
    log.sides.push(side);
    return new Blob(["frame"]);
  };
  await new Promise((resolve) => {
    let left = rounds;
    const check = async () => {
      log.underWay += 1;
      log.most = Math.max(log.most, log.underWay);
      try {
        return await answer(clock);
      } finally {
        log.underWay -= 1;
        left -= 1;
      }
    };
    const guidance = new Guidance(grab, check, clock);
    const stopAtEnd = () => {
      if (left > 0) return;
      guidance.stop();
      resolve();
    };
    guidance.onverdict = (verdict) => {
      log.verdicts.push(verdict);
      stopAtEnd();
    };
    guidance.onfailure = (failure) => {
      log.failures.push(failure);
      stopAtEnd();
    };
    guidance.start();
    guidance.start();
    log.guidance = guidance;
  });
  return { ...log, clock };
}

const answersAfter = (ms) => async (clock) => {
  clock.time += ms;
  return VERDICT;
};

test("one frame is in flight at a time, even when started twice", async () => {
  const { most, verdicts } = await guided(10, answersAfter(40));
  assert.equal(most, 1);
  assert.equal(verdicts.length, 10);
});

test("a quick server checks at least five frames a second", async () => {
  const { clock } = await guided(10, answersAfter(60));
  assert.ok(clock.time <= 2000, `${clock.time} ms for 10 frames`);
});

test("a slow connection gets smaller frames and no extra wait", async () => {
  const { sides, clock } = await guided(10, answersAfter(900));
  assert.ok(sides.at(-1) < sides[0]);
  assert.equal(Math.max(...clock.waits), 0);
});

test("a quick connection gets the largest useful frames", async () => {
  const { sides } = await guided(12, answersAfter(30));
  assert.ok(sides.at(-1) > sides[0]);
});

test("a busy server gets no request before its retry time", async () => {
  const { failures, clock } = await guided(2, async () => {
    throw new CheckFailure("busy", 4000);
  });
  assert.equal(failures[0].code, "busy");
  assert.ok(clock.waits.includes(4000));
});

test("a frame that cannot be grabbed does not stop the guidance", async () => {
  const { failures, verdicts } = await guided(3, async (clock) => {
    clock.time += 50;
    if (clock.time < 200) throw new Error("no frame");
    return VERDICT;
  });
  assert.ok(failures.length > 0);
  assert.ok(verdicts.length > 0);
});

test("a verdict that arrives after stopping is dropped", async () => {
  const clock = new ManualClock();
  let answer;
  const guidance = new Guidance(
    async () => new Blob(["frame"]),
    () => new Promise((resolve) => { answer = resolve; }),
    clock,
  );
  const verdicts = [];
  guidance.onverdict = (verdict) => verdicts.push(verdict);
  guidance.start();
  while (!answer) await new Promise(setImmediate);
  guidance.stop();
  answer(VERDICT);
  await new Promise(setImmediate);
  assert.deepEqual(verdicts, []);
});
