"""An exam for tests: a study of the radiology extension."""

import requests
from pydicom.uid import generate_uid
from servers import Server
from sqlmodel import Session, SQLModel, create_engine


def make_exam(server: Server) -> str:
    """By the radiology API; by its table where the server runs without that."""
    answer = requests.post(
        f"{server.address}/api/radiology/studies",
        json={"patientId": "P1", "modality": "CT"},
        timeout=60,
    )
    if answer.status_code == 201:
        found: str = answer.json()["data"]["id"]
        return found
    from extensions.radiology.tables import TABLES, RadiologyStudy, new_id

    engine = create_engine(f"sqlite:///{server.data_dir.absolute() / 'index.sqlite'}")
    try:
        SQLModel.metadata.create_all(engine, tables=TABLES)
        row = RadiologyStudy(id=new_id(), study_uid=generate_uid(), patient_id="P1")
        with Session(engine) as session:
            session.add(row)
            id = row.id
            session.commit()
    finally:
        engine.dispose()
    return id
