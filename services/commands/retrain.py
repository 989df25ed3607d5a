"""Verbs of retraining: the service, and one run as a job."""

from __future__ import annotations

from typing import Annotated

import typer

from services.commands.run import Host, Port


def retrain(host: Host = None, port: Port = None) -> None:
    """Serve the API of retraining and start the runs that are due (with the extra named train)."""
    from services.retrain.app import create_app
    from services.running import serve
    from shared.settings import Settings

    serve("retrain", create_app, Settings().retrain_url, host, port)


def retrain_job(
    study: Annotated[str, typer.Argument(help="Id of the study whose run it is.")],
    config: Annotated[
        str, typer.Option(help="Configuration, as CHARTSIFT_RETRAIN_CONFIG names it.")
    ] = "default",
) -> None:
    """Retrain once and end: the same run as the service's, for a Kubernetes Job.

    Goes on with the study's run if that lost its process. Exit status: 0 done (promoted or not),
    1 failed, 3 the study's run is carried out elsewhere, 4 stopped by a person, 5 interrupted
    (start it again and it goes on).
    """
    from sqlalchemy.exc import SQLAlchemyError

    from services.commands.console import fail, out
    from services.retrain.config import NotConfigured, UnknownConfig
    from services.retrain.job import run_job
    from services.running import interrupted_by_signals
    from shared.settings import Settings
    from shared.telemetry import configure_logging

    settings = Settings()
    configure_logging("retrain-job", settings.log_level)

    def say(line: str) -> None:
        out.print(line, markup=False, highlight=False)

    try:
        with interrupted_by_signals():
            status = run_job(settings, study, config, say)
    except (NotConfigured, UnknownConfig, ValueError) as error:
        fail(str(error))
    except SQLAlchemyError:
        fail("The database of retrain does not answer: check CHARTSIFT_DATABASE_URL.")
    raise typer.Exit(int(status))
