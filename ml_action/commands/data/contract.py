"""`data contract`: what each column has to hold; with --update, written into the user's file."""

from __future__ import annotations

import argparse

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.commands.data import contract_file, learned_contract, views
from ml_action.commands.data.effective_contract import effective_contract, proposals
from ml_action.commands.data.local_files import open_clone


def run(call: Invocation) -> None:
    """Shows the effective contract, or the change that it made to the user's file."""
    local, options = open_clone(call), own_options(call)
    settings = local.target.settings
    before = contract_file.read(local.top) if options.update else ""
    learned = learned_contract.learn(local.datasets, settings, call.log)
    agreed = effective_contract(learned, settings)
    if not options.update:
        views.contract(agreed, as_json=options.json)
        return
    tables = proposals(learned.contract, contract_file.stated_columns(local.top, settings))
    after = contract_file.with_tables(before, tables)
    if after != before:
        contract_file.write(local.top, after)
    views.contract(agreed, as_json=options.json, change=contract_file.difference(before, after))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the switch that writes."""
    parser.add_argument("--update", action="store_true", help="write what was learned into ml-auto-update.toml")
    json_option(parser)
