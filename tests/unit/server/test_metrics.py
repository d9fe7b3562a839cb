"""The server's metrics: what a scrape reads, with a bounded number of series."""

from darkroom_server.metrics import MOST_MODELS, MOST_NAMESPACES, ServerMetrics


def scrape(metrics: ServerMetrics) -> list[str]:
    return metrics.render().decode().splitlines()


def test_predictions_are_counted_by_model_and_status_and_only_answers_are_timed() -> None:
    metrics = ServerMetrics()
    metrics.count_prediction("vision", "shelf", 200, 0.02, 1000)
    metrics.count_prediction("vision", "shelf", 429, 0.0, 500)
    lines = scrape(metrics)
    for code in (200, 429):
        assert f'darkroom_predictions_total{{code="{code}",model="shelf",namespace="vision"}} 1.0' in lines
    assert 'darkroom_prediction_seconds_count{model="shelf",namespace="vision"} 1.0' in lines
    assert "darkroom_image_bytes_total 1500.0" in lines


def test_names_that_callers_make_up_share_one_series() -> None:
    metrics = ServerMetrics()
    for _ in range(3):
        metrics.count_prediction("vision", None, 404, 0.0, 0)
    assert 'darkroom_predictions_total{code="404",model="_other",namespace="vision"} 3.0' in scrape(metrics)


def test_models_beyond_the_bound_share_one_series() -> None:
    metrics = ServerMetrics()
    for number in range(MOST_MODELS + 5):
        metrics.count_prediction("vision", f"m{number}", 200, 0.1, 1)
    metrics.count_prediction("vision", "m0", 200, 0.1, 1)
    lines = scrape(metrics)
    assert 'darkroom_predictions_total{code="200",model="_other",namespace="vision"} 5.0' in lines
    assert 'darkroom_predictions_total{code="200",model="m0",namespace="vision"} 2.0' in lines


def test_namespaces_beyond_the_bound_share_one_series() -> None:
    metrics = ServerMetrics()
    for number in range(MOST_NAMESPACES + 5):
        metrics.count_prediction(f"n{number}", None, 404, 0.0, 0)
    assert 'darkroom_predictions_total{code="404",model="_other",namespace="_other"} 5.0' in scrape(metrics)


def test_queue_and_models_are_asked_at_each_scrape() -> None:
    metrics, waiting = ServerMetrics(), [3]
    metrics.follow(lambda: waiting[0], lambda: 2, lambda: 4096)
    waiting[0] = 7
    lines = scrape(metrics)
    assert "darkroom_waiting_predictions 7.0" in lines
    assert "darkroom_loaded_models 2.0" in lines
    assert "darkroom_loaded_model_bytes 4096.0" in lines


def test_objects_that_were_left_out_are_counted_by_kind() -> None:
    metrics = ServerMetrics()
    metrics.count_unreadable("Model")
    assert 'darkroom_unreadable_objects_total{kind="Model"} 1.0' in scrape(metrics)
