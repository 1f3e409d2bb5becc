import itertools

from suite.report.charts.label_placement import GLYPH_WIDTH, LINE_HEIGHT, POINT_RADIUS, RING_RADIUS, Box, Dot, place


def box(dot, centre):
    half = len(dot.name) * GLYPH_WIDTH / 2
    return Box(centre[0] - half, centre[1] - LINE_HEIGHT / 2, centre[0] + half, centre[1] + LINE_HEIGHT / 2)


def test_names_of_close_dots_do_not_overlap():
    dots = [Dot(100 + 3 * i, 100 + 2 * i, f"technique {i}", 0, POINT_RADIUS) for i in range(6)]
    placed = [box(dot, centre) for dot, centre in zip(dots, place(dots, [], 400, 300), strict=True) if centre]
    assert len(placed) >= 4
    assert not any(one.meets(other) for one, other in itertools.combinations(placed, 2))


def test_a_name_stays_inside_the_chart():
    (centre,) = place([Dot(398, 5, "structured pruning", 0, POINT_RADIUS)], [], 400, 300)
    assert centre is not None
    found = box(Dot(0, 0, "structured pruning", 0, POINT_RADIUS), centre)
    assert found.right <= 400
    assert found.top >= 0


def test_a_name_without_room_is_left_out():
    assert place([Dot(10, 10, "a name far wider than its chart", 0, POINT_RADIUS)], [], 50, 20) == [None]


def test_the_heavier_dot_is_named_first():
    # One place only: the strip is one line high and one name wide beside the dots.
    light, heavy = place([Dot(10, 8, "aaaa", 0, POINT_RADIUS), Dot(10, 8, "bbbb", 1, POINT_RADIUS)], [], 60, 16)
    assert heavy is not None
    assert light is None


def test_a_name_keeps_off_the_ring_around_a_point():
    """The ring of the other reaches 9.5 px to where the name would be first, beside its own dot."""
    named, ringed = Dot(100, 100, "bf16", 1, POINT_RADIUS), Dot(140, 100, "", -1, RING_RADIUS)
    centre, _ = place([named, ringed], [], 400, 300)
    ring = Box(140 - RING_RADIUS, 100 - RING_RADIUS, 140 + RING_RADIUS, 100 + RING_RADIUS)
    assert not box(named, centre).meets(ring)


def test_a_name_crosses_an_interval_only_where_no_other_place_is_free():
    dot = Dot(100, 100, "bf16", 0, POINT_RADIUS)
    (right,) = place([dot], [], 400, 300)
    (left,) = place([dot], [Box(100, 99, 180, 101)], 400, 300)
    assert left[0] < 100 < right[0]
    assert left[1] == right[1] == 100
    assert place([dot], [Box(0, 0, 400, 300)], 400, 300) == [right]
