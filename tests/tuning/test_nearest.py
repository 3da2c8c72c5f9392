from tuning.nearest import hint


def test_a_near_name_is_offered_and_one_that_is_far_off_is_not():
    assert hint("Minst", ["mnist", "mnist-c", "usps"]) == " Did you mean 'mnist'?"
    assert hint("nosuch", ["mnist", "mnist-c", "usps", "cifar-10"]) == ""
