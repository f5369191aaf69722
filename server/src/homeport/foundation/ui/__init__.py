"""What every page stands on: the layout, the macros, the navigation, forms, lists, panels and the static files.

It knows no slice. A slice keeps its pages in its own ``templates/`` folder and reaches this one by names:

``templates.Templates``   finds templates and answers pages: ``templates.render("people/list.html", request, people=people)``
``navigation.Navigation`` the menu that bootstrap fills; ``navigation.Shell`` what the layout must know of the reader
``forms.FormState``       what was typed, what is wrong with it, what was saved
``listing.ListState``     the state of a list, held by the page's address; ``listing.Pager`` its pages
``panels.Panels``         sections that other slices add to a page
``assets.Assets``         the static files, by content-hashed addresses
``qr.qr_svg``             a QR code as inline SVG

Where a template lies: ``people/list.html`` is ``directory/people/templates/people/list.html`` or, shorter,
``directory/people/templates/list.html``. Layouts to extend: ``ui/admin.html`` (admin portal), ``ui/portal.html``
(user portal), ``ui/signin.html`` (narrow page). Pages to render as they are: ``ui/confirm.html``, ``ui/error.html``.
The macros and their parameters stand at the head of ``templates/ui/macros.html``.

No template may hold inline script or inline style: the content security policy refuses both.
"""
