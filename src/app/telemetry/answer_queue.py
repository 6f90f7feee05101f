"""Answers on their way to the radio: those that open before the others, and of too many of them only the number. Pure."""

# So many of those that open have answers of their own whatever the airtime, and more where it is there.
OWN_ANSWERS = 4
ANSWERS_MAX = 12


class AnswerQueue:
    """over: works that are answered once that is on record; waiting: those whose answers wait for the radio, the next one first."""

    def __init__(self, session, book, works, answer):
        """works: those under way, whose answers are promised; answer(work): one more is waiting."""
        self.over = []
        self.waiting = []
        self._session = session
        self._book = book
        self._works = works
        self._answer = answer
        self.now_ms = 0              # as of the actor's step

    def fits(self, now_ms, more=0):
        """True while one more answer fits the airtime, and so many more, beside all that are promised."""
        return self._session.accepts(now_ms, len(self._works) + len(self.over) + len(self.waiting) + more)

    def say_next(self):
        """The next answer that is on record: first of what opens, the others not while something that opens is at work. False: none."""
        over = self.over
        for work in over:
            if work.opens:
                break
        else:
            if not over or self._works and self._works[0].opens:
                return False
            work = over[0]
        over.remove(work)
        self.say(work)
        return True

    def say(self, work):
        """It waits for the radio. The first of all may be on the air already."""
        waiting = self.waiting
        if work.opens:
            opened = [other for other in waiting[1:] if other.opens]
            if len(opened) >= (ANSWERS_MAX if self.fits(self.now_ms) else OWN_ANSWERS):
                oldest = opened.pop(0)
                waiting.remove(oldest)
                self._book.lump(oldest.entry)
            waiting.insert(len(opened) + 1, work)
        else:
            waiting.append(work)
        self._answer(work)
