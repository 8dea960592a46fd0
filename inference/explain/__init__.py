"""Why a network said what it said: what each channel, frequency and moment of a window spoke for or against."""
