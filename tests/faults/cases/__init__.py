"""Every case, in the order of the page: importing this fills `faults.case.CASES`."""

from faults.cases import strangers  # noqa: F401, I001 - importing them is what counts, in order
from faults.cases import oversize  # noqa: F401
from faults.cases import subscriptions  # noqa: F401
from faults.cases import connections  # noqa: F401
from faults.cases import publishers  # noqa: F401
from faults.cases import subscribers  # noqa: F401
from faults.cases import delivery  # noqa: F401
from faults.cases import processes  # noqa: F401
from faults.cases import network  # noqa: F401
from faults.cases import programs  # noqa: F401
from faults.cases import frames  # noqa: F401
from faults.cases import bombs  # noqa: F401
from faults.cases import arrays  # noqa: F401
from faults.cases import servers  # noqa: F401
