// <file-list>: names the files that were chosen in the form around it, in its [data-names], and takes files that are pasted
// into or dropped on the form.

class FileList extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input[type=file]");
    const form = input?.form;
    if (!form) return;
    const names = form.querySelector("[data-names]");
    const show = () => {
      names.replaceChildren(...[...input.files].map((file) => Object.assign(document.createElement("span"), { className: "chip", textContent: file.name })));
    };
    const add = (files) => {
      const all = new DataTransfer();
      for (const file of [...input.files, ...files]) all.items.add(file);
      input.files = all.files;
      show();
    };
    input.addEventListener("change", show);
    form.addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      add(event.clipboardData.files);
    });
    form.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
    form.addEventListener("drop", (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      add(event.dataTransfer.files);
    });
  }
}

customElements.define("file-list", FileList);
