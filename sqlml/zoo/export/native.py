"""The model's own files, as a folder or a zip archive; docs/model-files.md describes them."""

import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from sqlml.zoo.export.contract import Export, Format


def _write(export: Export, to: Path) -> None:
    if not to.name.endswith(".zip"):
        shutil.copytree(export.folder, to)
        return
    with ZipFile(to, "w", ZIP_DEFLATED) as archive:
        for path in sorted(export.folder.rglob("*")):
            archive.write(path, path.relative_to(export.folder))


FORMAT = Format("", _write)
