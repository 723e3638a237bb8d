// Runs in the head, before anything is painted, so that a remembered theme never flashes.
(function () {
  const root = document.documentElement;
  root.classList.remove("no-script");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage is forbidden: the page follows the system.
  }
})();
