# Bitwarden's SDK for Python, which speaks over TLS alone: what it prints is one JSON object.
import json
import os

from bitwarden_sdk import BitwardenClient, DeviceType, client_settings_from_dict

server, organization, project = (os.environ[name] for name in ("SERVER", "ORGANIZATION", "PROJECT"))
settings = {
    "apiUrl": f"{server}/api",
    "identityUrl": f"{server}/identity",
    "deviceType": DeviceType.SDK,
    "userAgent": "coffer-conformance",
}
client = BitwardenClient(client_settings_from_dict(settings))
client.auth().login_access_token(os.environ["BWS_ACCESS_TOKEN"], os.environ["STATE"])
made = client.secrets().create(organization, "PY", "pÿthon", "note", [project]).data
read = client.secrets().get(made.id).data
changed = client.secrets().update(organization, made.id, "PY", "new", "", [project]).data
synced = client.secrets().sync(organization, None).data
removed = client.secrets().delete([made.id]).data
print(
    json.dumps(
        {
            "read": read.value,
            "changed": changed.value,
            "synced": [each.value for each in synced.secrets],
            "removed": [each.error for each in removed.data],
        }
    )
)
