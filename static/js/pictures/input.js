/** Keeps a file input and a tray the same, so that the form sends what the tray shows. */

/**
 * Put files into a file input as if they had been chosen there.
 * @param {HTMLInputElement} input
 * @param {File[]} files
 */
export function putFiles(input, files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
}

/**
 * Move what was chosen in further inputs into the main one.
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
