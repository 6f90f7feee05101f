"""home/changes.py: who listens hears of each change, and after forgetting of none."""
from home.changes import Changes


def test_a_change_is_told_to_all_who_listen():
    changes, first, second = Changes(), [], []
    changes.listen(first.append)
    changes.listen(second.append)
    changes.tell("Garage")
    assert (first, second) == (["Garage"], ["Garage"])


def test_who_forgot_hears_nothing_and_forgetting_twice_is_no_error():
    changes, heard = Changes(), []
    forget = changes.listen(heard.append)
    changes.listen(heard.append)
    forget()
    forget()
    changes.tell("Garage")
    assert heard == ["Garage"]


def test_a_listener_may_forget_itself_while_it_is_told():
    changes, heard = Changes(), []

    def once(device):
        heard.append(device)
        forget()

    forget = changes.listen(once)
    changes.tell("Garage")
    changes.tell("Garage")
    assert heard == ["Garage"]
