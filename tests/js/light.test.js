import assert from "node:assert/strict";
import { test } from "node:test";

import { LightPace, SHORTEST_COLOUR_MS } from "../../static/js/camera/light.js";

/** A pace whose clock advances with each wait; `pass` advances it further. */
function paced() {
  let time = 0;
  const shown = [];
  const pace = new LightPace(
    async (ms) => {
      time += ms;
    },
    () => time,
  );
  const admit = async (colour) => {
    await pace.admit(colour);
    shown.push([colour, time]);
  };
  const pass = (ms) => {
    time += ms;
  };
  return { admit, pass, shown };
}

test("colours change three times a second at most", async () => {
  const { admit, pass, shown } = paced();
  for (let n = 0; n < 60; n += 1) {
    await admit(n % 2 ? "#ffaeb5" : "#90c9ff");
    pass((n % 5) * 40);
  }
  for (const [, at] of shown) {
    const within = shown.filter(([, other]) => other >= at && other < at + 1000);
    assert.ok(within.length <= 3);
  }
});

test("the first colour, a repeated one and none are shown at once", async () => {
  const { admit, shown } = paced();
  await admit(null);
  await admit("#ffaeb5");
  await admit("#ffaeb5");
  assert.deepEqual(shown.map(([, at]) => at), [0, 0, 0]);
});

test("a colour turned off counts as a change", async () => {
  const { admit, pass, shown } = paced();
  await admit("#ffaeb5");
  pass(100);
  await admit(null);
  assert.deepEqual(shown.at(-1), [null, SHORTEST_COLOUR_MS]);
});
