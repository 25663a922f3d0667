/** Why there is no camera: each failure has a code, and the page has words for each code. */

/**
 * @typedef {"denied" | "dismissed" | "absent" | "in_use" | "constraints" | "insecure" |
 *   "unsupported" | "hidden" | "unplugged" | "unknown"} FailureCode
 */

export class CameraFailure extends Error {
  /** @param {FailureCode} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const BY_NAME = {
  NotFoundError: "absent",
  DevicesNotFoundError: "absent",
  NotReadableError: "in_use",
  TrackStartError: "in_use",
  AbortError: "in_use",
  OverconstrainedError: "constraints",
  ConstraintNotSatisfiedError: "constraints",
  SecurityError: "denied",
};

/**
 * The code of an error that getUserMedia threw.
 * @param {{name?: string}} error
 * @param {PermissionState | undefined} permission what the browser remembers, if it tells
 * @returns {FailureCode}
 */
export function failureOf(error, permission) {
  if (error instanceof CameraFailure) return error.code;
  if (error.name === "NotAllowedError") return permission === "prompt" ? "dismissed" : "denied";
  return BY_NAME[error.name ?? ""] ?? "unknown";
}

/**
 * Why the camera cannot even be asked for, or null.
 * @param {{isSecureContext: boolean, navigator: {mediaDevices?: object}}} scope the window
 * @returns {FailureCode | null}
 */
export function obstacle(scope) {
  if (!scope.isSecureContext) return "insecure";
  if (!scope.navigator.mediaDevices) return "unsupported";
  return null;
}
