"""Serves OpenTAXII 2.1 with a collection that anybody may use: folder and port are the arguments.

Run by the Python of an environment that has it.  Its answers hold UUID objects that its own encoder
does not know, so that discovery fails without the encoder set here.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path

FOLDER, PORT = Path(sys.argv[1]), int(sys.argv[2])
CONFIG = f"""
domain: "127.0.0.1:{PORT}"
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters:
    db_connection: sqlite:///{FOLDER}/auth.db
    create_tables: yes
    secret: a secret that is long enough for a test
taxii1:
taxii2:
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters:
      db_connection: sqlite:///{FOLDER}/data.db
      create_tables: yes
  contact: nobody
  description: a server
  max_content_length: 9765625
  title: OpenTAXII
  public_discovery: yes
  allow_custom_properties: yes
logging:
  opentaxii: error
  root: error
"""


def as_text(_, value):
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(value)


(FOLDER / "config.yml").write_text(CONFIG)
os.environ["OPENTAXII_CONFIG"] = str(FOLDER / "config.yml")
json.JSONEncoder.default = as_text

from opentaxii.cli import app  # noqa: E402 - it reads its configuration when it is imported

with app.app_context():
    api = app.taxii_server.servers.taxii2.persistence.api
    root = api.add_api_root(title="Root", default=True, is_public=True)
    api.add_collection(
        api_root_id=root.id, title="Indicators", is_public=True, is_public_write=True
    )
app.run(port=PORT)
