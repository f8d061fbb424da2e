// JupyterLab extension, written by hand: what a bundler would make of it is a module federation container like this one.
// It saves the notebook and opens the server's own rendering of it; no kernel takes part.
(() => {
  "use strict";
  const NAME = "bizops-preview";
  const COMMAND = "bizops:preview";
  const LABEL = "Preview as the leader sees it";
  const CAPTION = "Save the notebook and open its stored results as the page that a leader reads";
  const MIME = "application/vnd.bizops+json";
  // A page with a headline and an eye on it; the classes let it follow JupyterLab's theme.
  const SVG =
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">' +
    '<path d="M4 2h16v8h-2V4H6v16h3v2H4z"/><path d="M8 6h8v2H8zM8 10h5v2H8z"/>' +
    '<path d="M16.5 12c-3 0-5.6 1.8-6.5 4.5 .9 2.7 3.5 4.5 6.5 4.5s5.6-1.8 6.5-4.5c-.9-2.7-3.5-4.5-6.5-4.5z' +
    'm0 7a2.5 2.5 0 1 1 0-5 2.5 2.5 0 0 1 0 5z"/></g></svg>';
  let scope = {};

  // JupyterLab offers each of its packages in one version.
  async function shared(name) {
    const versions = Object.values(scope[name] || {});
    if (versions.length === 0) throw new Error(`${NAME}: JupyterLab does not offer ${name}`);
    return (await versions[0].get())();
  }

  const codeCells = (panel) => Array.from(panel.content.model.cells).filter((cell) => cell.type === "code");

  function holdsResults(panel) {
    return codeCells(panel).some((cell) => cell.toJSON().outputs.some((output) => output.data && MIME in output.data));
  }

  function activate(app, { apputils, coreutils, icons }, tracker, palette) {
    const { Dialog, Notification, showErrorMessage } = apputils;

    async function preview() {
      const panel = tracker.currentWidget;
      if (!panel) return;
      await panel.context.ready;
      if (!holdsResults(panel)) {
        await showErrorMessage("Nothing to preview yet", "This notebook holds no results. Run all cells, then preview.", [
          Dialog.okButton(),
        ]);
        return;
      }
      // Opened before anything is awaited for long: browsers block windows that come later.
      const tab = window.open("", NAME);
      if (panel.context.model.dirty && !panel.context.model.readOnly) await panel.context.save();
      const changed = codeCells(panel).filter((cell) => cell.isDirty).length;
      if (changed > 0) {
        const cells = changed === 1 ? "1 cell was" : `${changed} cells were`;
        Notification.warning(`${cells} changed after being run: the preview shows the former results.`, {
          autoClose: 8000,
        });
      }
      const url = coreutils.PageConfig.getNBConvertURL({ format: "bizops", download: false, path: panel.context.path });
      if (tab) tab.location.replace(url);
      else await showErrorMessage("The browser blocked the preview", `Allow pop-ups for this page, or open ${url}`);
    }

    app.commands.addCommand(COMMAND, {
      label: LABEL,
      caption: CAPTION,
      icon: new icons.LabIcon({ name: COMMAND, svgstr: SVG }),
      isEnabled: () => tracker.currentWidget !== null && tracker.currentWidget === app.shell.currentWidget,
      execute: preview,
      describedBy: { args: { type: "object", properties: {} } },
    });
    tracker.currentChanged.connect(() => app.commands.notifyCommandChanged(COMMAND));
    if (palette) palette.addItem({ command: COMMAND, category: "Notebook Operations" });
  }

  async function extension() {
    const names = ["apputils", "coreutils", "notebook", "ui-components"];
    const [apputils, coreutils, notebook, icons] = await Promise.all(names.map((n) => shared(`@jupyterlab/${n}`)));
    const plugin = {
      id: `${NAME}:plugin`,
      description: "Preview a report's notebook as the leader sees it.",
      autoStart: true,
      requires: [notebook.INotebookTracker],
      optional: [apputils.ICommandPalette],
      activate: (app, tracker, palette) => activate(app, { apputils, coreutils, icons }, tracker, palette),
    };
    return () => ({ __esModule: true, default: plugin });
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (given) => {
      scope = given;
    },
    get: (module) => {
      if (module !== "./extension") return Promise.reject(new Error(`${NAME}: no module ${module}`));
      return extension();
    },
  };
})();
