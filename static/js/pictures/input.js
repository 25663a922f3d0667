/** Synchronises a file input with a tray: the form sends what the tray shows. */

/**
 * Put files into a file input as if the user had chosen them.
 * @param {HTMLInputElement} input
 * @param {File[]} files
 */
export function putFiles(input, files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
}

/**
 * Move files chosen in further inputs into the main one.
 * @param {HTMLInputElement} main
 * @param {HTMLInputElement[]} others
 * @param {(files: File[]) => void} chosen
 */
export function gatherFiles(main, others, chosen) {
  main.addEventListener("change", () => chosen([...main.files]));
  for (const input of others) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      chosen(files);
    });
  }
}
