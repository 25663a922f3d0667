"""Why a service cannot do what was asked: one type a reason, one file a subject."""
