/** The poses that make good anchors, and when a face has taken one. */

export const TURN_DEGREES = 6;
export const PATIENCE_MS = 3500;

/**
 * @typedef {"straight" | "left" | "right" | "up" | "down"} Pose from the person's own view
 */

/** @type {Pose[]} in the order in which they are asked for */
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
 * Whether the face has the pose; a good face that waits long enough is taken as it is.
 * @param {Pose} pose
 * @param {import("./check.js").Verdict} verdict
 * @param {number} waitedMs since the pose was asked for
 * @returns {boolean}
 */
export function hasPose(pose, verdict, waitedMs) {
  return waitedMs >= PATIENCE_MS || TAKEN[pose](verdict);
}

/**
 * The first pose of which there is no picture yet, or null.
 * @param {(Pose | null)[]} taken
 * @returns {Pose | null}
 */
export function missingPose(taken) {
  return POSES.find((pose) => !taken.includes(pose)) ?? null;
}

/**
 * The name of a picture's file, which tells its pose even after a round to the server.
 * @param {string} name without extension
 * @param {Pose} pose
 */
export function nameWithPose(name, pose) {
  return `${name}.${pose}`;
}

/**
 * The pose that the name of a picture's file tells, or null for a file of somebody's own.
 * @param {string} fileName
 * @returns {Pose | null}
 */
export function poseOf(fileName) {
  const told = /\.(\w+)\.jpg$/.exec(fileName)?.[1];
  return POSES.find((pose) => pose === told) ?? null;
}
