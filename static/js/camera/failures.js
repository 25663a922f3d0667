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
 * Where people allow the camera again once they forbade it: each browser has its own place.
 * @param {{userAgent: string, maxTouchPoints?: number}} browser the navigator
 * @returns {"ios_safari" | "ios" | "android" | "mac_safari" | "desktop"}
 */
export function permissionPlace({ userAgent, maxTouchPoints = 0 }) {
  if (/Android/.test(userAgent)) return "android";
  const isSafari = /Version\/[\d.]+.* Safari\//.test(userAgent);
  const isMac = /Macintosh/.test(userAgent);
  // An iPad says that it is a Mac, but Macs have no touch screen.
  const isIos = /iPhone|iPad|iPod/.test(userAgent) || (isMac && maxTouchPoints > 1);
  if (isIos) return isSafari ? "ios_safari" : "ios";
  return isMac && isSafari ? "mac_safari" : "desktop";
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
