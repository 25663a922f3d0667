/** The poses of good anchors, and whether a face has one. */

export const TURN_DEGREES = 6;
export const PATIENCE_MS = 3500;

/**
 * @typedef {"straight" | "left" | "right" | "up" | "down"} Pose from the person's own view
 */

/** @type {Pose[]} in the order of the prompts */
export const POSES = ["straight", "left", "right", "up", "down"];
export const ENOUGH = 3;

const TAKEN = {
  straight: () => true,
  left: ({ yaw }) => yaw >= TURN_DEGREES,
  right: ({ yaw }) => yaw <= -TURN_DEGREES,
  up: ({ pitch }) => pitch >= TURN_DEGREES,
  down: ({ pitch }) => pitch <= -TURN_DEGREES,
};

/**
 * Return whether the face has the pose; after PATIENCE_MS, any good face counts.
 * @param {Pose} pose
 * @param {import("./check.js").Verdict} verdict
 * @param {number} waitedMs since the prompt for the pose
 * @returns {boolean}
 */
export function hasPose(pose, verdict, waitedMs) {
  return waitedMs >= PATIENCE_MS || TAKEN[pose](verdict);
}

/**
 * Return the first pose without a picture, or null.
 * @param {(Pose | null)[]} taken
 * @returns {Pose | null}
 */
export function missingPose(taken) {
  return POSES.find((pose) => !taken.includes(pose)) ?? null;
}

/**
 * Return the file name of a picture; it preserves the pose on a round trip to the server.
 * @param {string} name without extension
 * @param {Pose} pose
 */
export function nameWithPose(name, pose) {
  return `${name}.${pose}`;
}

/**
 * Return the pose in a picture's file name, or null for the user's own files.
 * @param {string} fileName
 * @returns {Pose | null}
 */
export function poseOf(fileName) {
  const suffix = /\.(\w+)\.jpg$/.exec(fileName)?.[1];
  return POSES.find((pose) => pose === suffix) ?? null;
}
