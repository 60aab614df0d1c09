"""Files of declarations: reading them and generating from them."""

import shutil

import pytest
from typer.testing import CliRunner

from contracts.model import ContractError
from contracts.registry import TABLES
from contracts.render import declarations
from contracts.render.__main__ import ROOT
from contracts.render.files import stale
from deploy.errors import DeployError
from ops.__main__ import app
from ops.superset import command, files

FILE = "superset/dashboards/sales.yaml"


@pytest.fixture
def root(tmp_path, monkeypatch):
    for folder in (declarations.DASHBOARDS, declarations.QUERIES):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    return tmp_path


def generate(*arguments):
    return CliRunner().invoke(app, ["superset", "generate", *arguments])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: US$", f"{FILE}: write $$ for $"),
        ("title: In ${SHOP_CURRENCY}", f"{FILE}: write $$ for $; the only setting to name is"),
        ("title: [", f"{FILE} is not YAML: "),
        ("", f"{FILE} declares nothing"),
        ("title: Sales", f"{FILE} lacks charts, description, rows"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_in_one_line(root, text, message):
    (root / FILE).write_text(text)
    with pytest.raises(ContractError) as refused:
        files.load(root, TABLES)
    assert str(refused.value).startswith(message)
    assert len(str(refused.value).splitlines()) == 1
    with pytest.raises(DeployError, match=r"Next: correct it, then make generate\.$"):
        command.load(root)


def test_a_changed_a_missing_and_an_orphaned_asset_are_stale(root):
    assert generate().exit_code == 0
    assert generate("--check").exit_code == 0
    charts = root / declarations.CHART_ASSETS
    (charts / "orders.yaml").write_text("by hand")
    (charts / "sessions.yaml").unlink()
    (charts / "gone.yaml").write_text("of a chart that was removed")
    done = generate("--check")
    assert done.exit_code == 1
    assert [line for line in done.output.splitlines() if line.startswith("stale: ")] == [
        f"stale: {declarations.CHART_ASSETS}/{name}.yaml" for name in ("gone", "orders", "sessions")
    ]
    assert generate().exit_code == 0
    assert not (charts / "gone.yaml").exists()
    assert generate("--check").exit_code == 0


def test_the_committed_assets_are_fresh():
    assert stale(ROOT, files.load(ROOT, TABLES).outputs(), declarations.OWNED) == []
