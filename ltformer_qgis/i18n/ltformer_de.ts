<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
    <context>
        <name>LTFormer</name>
        <message>
            <source>Mean offset in x (pixels)</source>
            <translation>Mittlerer Versatz in x (Pixel)</translation>
        </message>
        <message>
            <source>Mean offset in y, downwards (pixels)</source>
            <translation>Mittlerer Versatz in y, nach unten (Pixel)</translation>
        </message>
        <message>
            <source>Root mean square of the offsets (pixels)</source>
            <translation>Quadratisches Mittel der Versätze (Pixel)</translation>
        </message>
        <message>
            <source>Median length of the offsets (pixels)</source>
            <translation>Median der Länge der Versätze (Pixel)</translation>
        </message>
        <message>
            <source>90 % of the offsets are shorter (pixels)</source>
            <translation>90 % der Versätze sind kürzer (Pixel)</translation>
        </message>
        <message>
            <source>95 % of the offsets are shorter (pixels)</source>
            <translation>95 % der Versätze sind kürzer (Pixel)</translation>
        </message>
        <message>
            <source>Mean offset in x (map units)</source>
            <translation>Mittlerer Versatz in x (Karteneinheiten)</translation>
        </message>
        <message>
            <source>Mean offset in y, upwards (map units)</source>
            <translation>Mittlerer Versatz in y, nach oben (Karteneinheiten)</translation>
        </message>
        <message>
            <source>Root mean square of the offsets (map units)</source>
            <translation>Quadratisches Mittel der Versätze (Karteneinheiten)</translation>
        </message>
        <message>
            <source>90 % of the offsets are shorter (map units)</source>
            <translation>90 % der Versätze sind kürzer (Karteneinheiten)</translation>
        </message>
        <message>
            <source>Assess co-registration</source>
            <translation>Lagegenauigkeit prüfen</translation>
        </message>
        <message>
            <source>coregistration,accuracy,misregistration,offset,shift,assess,CE90,RMSE,LTFormer</source>
            <translation>Koregistrierung,Genauigkeit,Lagefehler,Versatz,Verschiebung,prüfen,CE90,RMSE,LTFormer</translation>
        </message>
        <message>
            <source>Measures how far two georeferenced rasters are apart, where, and in which direction.</source>
            <translation>Misst, wie weit zwei georeferenzierte Raster auseinanderliegen, wo und in welche Richtung.</translation>
        </message>
        <message>
            <source>Compares two rasters as their georeference places them, and changes nothing. An offset vector leads from where the reference shows something to where the sensed one shows it; arrows are drawn enlarged.</source>
            <translation>Vergleicht zwei Raster so, wie ihre Georeferenz sie legt, und ändert nichts. Ein Versatzvektor führt von dort, wo die Referenz etwas zeigt, dorthin, wo das andere Raster es zeigt; die Pfeile sind vergrößert gezeichnet.</translation>
        </message>
        <message>
            <source>The verdict is on the measurement: PASS means that the numbers can be trusted, not that the offsets are small. Both rasters need a geotransform and a CRS.</source>
            <translation>Das Urteil gilt der Messung: PASS heißt, dass man den Zahlen trauen kann, nicht dass die Versätze klein sind. Beide Raster brauchen Geotransformation und KBS.</translation>
        </message>
        <message>
            <source>Offset vectors</source>
            <translation>Versatzvektoren</translation>
        </message>
        <message>
            <source>One line a tie point, in the CRS of the reference, at its true length, with its offset in both units.</source>
            <translation>Eine Linie je Verknüpfungspunkt, im KBS der Referenz, in wahrer Länge, mit ihrem Versatz in beiden Einheiten.</translation>
        </message>
        <message>
            <source>Report</source>
            <translation>Bericht</translation>
        </message>
        <message>
            <source>Statistics, map and histogram of the offsets.</source>
            <translation>Statistik, Karte und Histogramm der Versätze.</translation>
        </message>
        <message>
            <source>Record</source>
            <translation>Protokoll</translation>
        </message>
        <message>
            <source>Inputs, settings, versions and all numbers.</source>
            <translation>Eingaben, Einstellungen, Versionen und alle Zahlen.</translation>
        </message>
        <message>
            <source>Number of offsets</source>
            <translation>Anzahl der Versätze</translation>
        </message>
        <message>
            <source>Error of the measurement (pixels)</source>
            <translation>Fehler der Messung (Pixel)</translation>
        </message>
        <message>
            <source>Share of the overlap with offsets (0 to 1)</source>
            <translation>Anteil der Überlappung mit Versätzen (0 bis 1)</translation>
        </message>
        <message>
            <source>Verdict on the measurement: PASS, WARN or FAIL</source>
            <translation>Urteil über die Messung: PASS, WARN oder FAIL</translation>
        </message>
        <message>
            <source>'{name}' has no georeference (geotransform and CRS), so no offset can be measured; match the pair instead.</source>
            <translation>'{name}' hat keine Georeferenz (Geotransformation und KBS), daher lässt sich kein Versatz messen; gleichen Sie das Paar stattdessen ab.</translation>
        </message>
        <message>
            <source>Co-registration</source>
            <translation>Koregistrierung</translation>
        </message>
        <message>
            <source>'{value}' is no choice for {name}; it is one of {names}.</source>
            <translation>'{value}' ist keine Wahl für {name}; möglich sind {names}.</translation>
        </message>
        <message>
            <source>Check and set up environment</source>
            <translation>Umgebung prüfen und einrichten</translation>
        </message>
        <message>
            <source>Says whether the LTFormer engine runs, with which versions and devices, or sets it up.</source>
            <translation>Sagt, ob die LTFormer-Engine läuft, mit welchen Versionen und Geräten, oder richtet sie ein.</translation>
        </message>
        <message>
            <source>The plugin runs PyTorch and OpenCV in a Python of its own, so that they cannot harm QGIS. Tried in this order: the Python chosen in Settings &gt; Options &gt; LTFormer, the variable LTFORMER_PYTHON, the private environment, QGIS's own Python.</source>
            <translation>Das Plugin lässt PyTorch und OpenCV in einem eigenen Python laufen, damit sie QGIS nicht schaden. Der Reihe nach versucht werden: das unter Einstellungen &gt; Optionen &gt; LTFormer gewählte Python, die Variable LTFORMER_PYTHON, die private Umgebung, das Python von QGIS.</translation>
        </message>
        <message>
            <source>'create' makes the private environment in your profile, through the proxy of QGIS's network options. Cancelled, it leaves nothing; after a failure run it again: what was downloaded is kept.</source>
            <translation>'create' legt die private Umgebung in Ihrem Profil an, über den Proxy der Netzwerkoptionen von QGIS. Abgebrochen hinterlässt es nichts; nach einem Fehler noch einmal starten: was geladen wurde, bleibt erhalten.</translation>
        </message>
        <message>
            <source>Action</source>
            <translation>Aktion</translation>
        </message>
        <message>
            <source>'report' looks and changes nothing; 'create' makes the private environment anew, then reports.</source>
            <translation>'report' sieht nach und ändert nichts; 'create' legt die private Umgebung neu an und berichtet dann.</translation>
        </message>
        <message>
            <source>PyTorch</source>
            <translation>PyTorch</translation>
        </message>
        <message>
            <source>The build that 'create' installs (cpu or cuda). That for CPUs runs everywhere; a Mac uses its GPU.</source>
            <translation>Die Ausgabe, die 'create' installiert (cpu oder cuda). Die für CPUs läuft überall; ein Mac nutzt damit seine GPU.</translation>
        </message>
        <message>
            <source>Folder of wheels</source>
            <translation>Ordner mit Wheels</translation>
        </message>
        <message>
            <source>Without network: a folder filled elsewhere, on a computer of the same kind, with 'pip download --no-deps -r requirements-worker.txt -r requirements-cuda.txt' (the files lie in the plugin's folder).</source>
            <translation>Ohne Netz: ein Ordner, der anderswo auf einem gleichartigen Rechner mit 'pip download --no-deps -r requirements-worker.txt -r requirements-cuda.txt' gefüllt wurde (die Dateien liegen im Ordner des Plugins).</translation>
        </message>
        <message>
            <source>Versions, devices, weights, what is missing, and the log of the set-up: paste it into a bug report.</source>
            <translation>Versionen, Geräte, Gewichte, was fehlt, und das Protokoll der Einrichtung: in Fehlermeldungen einfügen.</translation>
        </message>
        <message>
            <source>Whether the engine runs</source>
            <translation>Ob die Engine läuft</translation>
        </message>
        <message>
            <source>Python of the engine</source>
            <translation>Python der Engine</translation>
        </message>
        <message>
            <source>Device it uses, and why</source>
            <translation>Verwendetes Gerät und warum</translation>
        </message>
        <message>
            <source>'{path}' could not be written: {reason}.</source>
            <translation>'{path}' konnte nicht geschrieben werden: {reason}.</translation>
        </message>
        <message>
            <source>The engine runs in {path}.</source>
            <translation>Die Engine läuft in {path}.</translation>
        </message>
        <message>
            <source>Export GCP file for the Georeferencer</source>
            <translation>Passpunktdatei für die Georeferenzierung exportieren</translation>
        </message>
        <message>
            <source>GCP,points,georeferencer,ground control points,tie points,VRT,CSV,LTFormer</source>
            <translation>GCP,Passpunkte,Georeferenzierung,Verknüpfungspunkte,VRT,CSV,LTFormer</translation>
        </message>
        <message>
            <source>Writes tie points as a .points file that the Georeferencer opens in the right place.</source>
            <translation>Schreibt Verknüpfungspunkte als .points-Datei, die die Georeferenzierung an der richtigen Stelle öffnet.</translation>
        </message>
        <message>
            <source>Writes the tie points of a layer, as they are now, as GCPs of the sensed raster: in the Georeferencer, open the sensed raster, then File &gt; Load GCP Points. Disabled points stay disabled.</source>
            <translation>Schreibt die Verknüpfungspunkte eines Layers, so wie sie jetzt sind, als Passpunkte des auszurichtenden Rasters: in der Georeferenzierung dieses Raster öffnen, dann Datei &gt; GCP-Punkte laden. Abgeschaltete Punkte bleiben abgeschaltet.</translation>
        </message>
        <message>
            <source>The Georeferencer ignores the rotation of a raster with a rotated geotransform, so its points would land on wrong pixels: such a raster is refused, unless you also ask for its copy without geotransform. Open that copy in the Georeferencer then.</source>
            <translation>Die Georeferenzierung übergeht die Drehung eines Rasters mit gedrehter Geotransformation, seine Punkte kämen auf falsche Pixel: ein solches Raster wird abgelehnt, außer Sie verlangen auch seine Kopie ohne Geotransformation. Öffnen Sie dann diese Kopie in der Georeferenzierung.</translation>
        </message>
        <message>
            <source>Tie points</source>
            <translation>Verknüpfungspunkte</translation>
        </message>
        <message>
            <source>The tie point layer of a match. Moved points count where they are, deleted ones not at all.</source>
            <translation>Der Layer der Verknüpfungspunkte eines Abgleichs. Verschobene Punkte zählen, wo sie sind, gelöschte gar nicht.</translation>
        </message>
        <message>
            <source>Sensed raster</source>
            <translation>Auszurichtendes Raster</translation>
        </message>
        <message>
            <source>The raster that was aligned: the points are tied to its columns and rows.</source>
            <translation>Das Raster, das ausgerichtet wurde: die Punkte hängen an seinen Spalten und Zeilen.</translation>
        </message>
        <message>
            <source>GCP file</source>
            <translation>Passpunktdatei</translation>
        </message>
        <message>
            <source>For the Georeferencer of QGIS 3.22.4 and later.</source>
            <translation>Für die Georeferenzierung von QGIS 3.22.4 und neuer.</translation>
        </message>
        <message>
            <source>VRT with GCPs</source>
            <translation>VRT mit Passpunkten</translation>
        </message>
        <message>
            <source>The sensed raster with the enabled GCPs (at most 1000, evenly spread), for gdalwarp.</source>
            <translation>Das auszurichtende Raster mit den eingeschalteten Passpunkten (höchstens 1000, gleichmäßig verteilt), für gdalwarp.</translation>
        </message>
        <message>
            <source>Table</source>
            <translation>Tabelle</translation>
        </message>
        <message>
            <source>Columns, rows and map coordinates of all points as text.</source>
            <translation>Spalten, Zeilen und Kartenkoordinaten aller Punkte als Text.</translation>
        </message>
        <message>
            <source>Copy without geotransform</source>
            <translation>Kopie ohne Geotransformation</translation>
        </message>
        <message>
            <source>The sensed raster as plain image with all bands. The GCP file is written for this copy if it is set.</source>
            <translation>Das auszurichtende Raster als einfaches Bild mit allen Kanälen. Ist sie gesetzt, wird die Passpunktdatei für diese Kopie geschrieben.</translation>
        </message>
        <message>
            <source>Number of points</source>
            <translation>Anzahl der Punkte</translation>
        </message>
        <message>
            <source>Number of enabled points</source>
            <translation>Anzahl der eingeschalteten Punkte</translation>
        </message>
        <message>
            <source>Choose at least one file to write.</source>
            <translation>Wählen Sie mindestens eine Datei, die geschrieben werden soll.</translation>
        </message>
        <message>
            <source>The name of '{path}' must end in {ending}.</source>
            <translation>Der Name von '{path}' muss auf {ending} enden.</translation>
        </message>
        <message>
            <source>'{name}' has a rotated geotransform, which the Georeferencer ignores: its points would land on wrong pixels. Set 'Copy without geotransform' too and open that copy, or write the VRT alone.</source>
            <translation>'{name}' hat eine gedrehte Geotransformation, die die Georeferenzierung übergeht: seine Punkte kämen auf falsche Pixel. Setzen Sie auch 'Kopie ohne Geotransformation' und öffnen Sie diese Kopie, oder schreiben Sie nur das VRT.</translation>
        </message>
        <message>
            <source>No tie points were given.</source>
            <translation>Es wurden keine Verknüpfungspunkte angegeben.</translation>
        </message>
        <message>
            <source>The tie points '{value}' are no vector layer that can be opened.</source>
            <translation>Die Verknüpfungspunkte '{value}' sind kein Vektorlayer, der sich öffnen lässt.</translation>
        </message>
        <message>
            <source>'{name}' is no layer of tie points: it has no field {fields}.</source>
            <translation>'{name}' ist kein Layer von Verknüpfungspunkten: das Feld {fields} fehlt.</translation>
        </message>
        <message>
            <source>{count} points written, {enabled} of them enabled.</source>
            <translation>{count} Punkte geschrieben, davon {enabled} eingeschaltet.</translation>
        </message>
        <message>
            <source>The largest offset '{value}' is neither pixels like '64' nor metres like '250m'.</source>
            <translation>Der größte Versatz '{value}' ist weder eine Zahl von Pixeln wie '64' noch von Metern wie '250m'.</translation>
        </message>
        <message>
            <source>The device '{value}' is none of 'auto', 'cpu', 'cuda', 'cuda:1', 'mps'.</source>
            <translation>Das Gerät '{value}' ist keines von 'auto', 'cpu', 'cuda', 'cuda:1', 'mps'.</translation>
        </message>
        <message>
            <source>The warped raster '{path}' must be a GeoTIFF: let its name end in .tif.</source>
            <translation>Das entzerrte Raster '{path}' muss ein GeoTIFF sein: lassen Sie seinen Namen auf .tif enden.</translation>
        </message>
        <message>
            <source>The area of interest '{value}' is no vector layer that can be opened.</source>
            <translation>Der Interessenbereich '{value}' ist kein Vektorlayer, der sich öffnen lässt.</translation>
        </message>
        <message>
            <source>Match visible/NIR layers</source>
            <translation>Sichtbar/NIR-Layer abgleichen</translation>
        </message>
        <message>
            <source>coregistration,co-registration,align,tie points,GCP,georeference,infrared,NIR,LTFormer</source>
            <translation>Koregistrierung,ausrichten,Verknüpfungspunkte,GCP,Passpunkte,georeferenzieren,Infrarot,NIR,LTFormer</translation>
        </message>
        <message>
            <source>Finds tie points between a visible and a near-infrared raster and aligns one to the other.</source>
            <translation>Findet Verknüpfungspunkte zwischen einem sichtbaren und einem Nahinfrarot-Raster und richtet eines am anderen aus.</translation>
        </message>
        <message>
            <source>Finds tie points between a visible and a near-infrared raster of any size, pixel size, CRS or orientation, fits a transform to them, says how good it is, and aligns the sensed raster.</source>
            <translation>Findet Verknüpfungspunkte zwischen einem sichtbaren und einem Nahinfrarot-Raster beliebiger Größe, Pixelgröße, Lage und beliebigen KBS, passt ihnen eine Transformation an, sagt, wie gut sie ist, und richtet das auszurichtende Raster aus.</translation>
        </message>
        <message>
            <source>Verdict PASS: trust it. WARN: look at the report. FAIL: nothing is warped; points, report and record are kept to show why.</source>
            <translation>Urteil PASS: man kann ihm trauen. WARN: sehen Sie in den Bericht. FAIL: nichts wird entzerrt; Punkte, Bericht und Protokoll bleiben und zeigen, warum.</translation>
        </message>
        <message>
            <source>No warped raster was written, as the verdict {verdict} is below {limit}: {reasons} {kept}</source>
            <translation>Es wurde kein entzerrtes Raster geschrieben, da das Urteil {verdict} unter {limit} liegt: {reasons} {kept}</translation>
        </message>
        <message>
            <source>Kept for review: {paths}.</source>
            <translation>Zur Ansicht behalten: {paths}.</translation>
        </message>
        <message>
            <source>RMSE of the fit (pixels)</source>
            <translation>RMSE der Anpassung (Pixel)</translation>
        </message>
        <message>
            <source>RMSE of the fit (map units)</source>
            <translation>RMSE der Anpassung (Karteneinheiten)</translation>
        </message>
        <message>
            <source>Circular error, 90 % (pixels)</source>
            <translation>Kreisfehler, 90 % (Pixel)</translation>
        </message>
        <message>
            <source>RMSE at points left out of the fit (pixels)</source>
            <translation>RMSE an Punkten, die bei der Anpassung fehlten (Pixel)</translation>
        </message>
        <message>
            <source>Tie points the fit rests on</source>
            <translation>Verknüpfungspunkte, auf denen die Anpassung ruht</translation>
        </message>
        <message>
            <source>Share of the overlap with tie points (0 to 1)</source>
            <translation>Anteil der Überlappung mit Verknüpfungspunkten (0 bis 1)</translation>
        </message>
        <message>
            <source>Reference raster</source>
            <translation>Referenzraster</translation>
        </message>
        <message>
            <source>The raster that stays where it is, usually the visible one. Any size, type and CRS, also without one.</source>
            <translation>Das Raster, das bleibt, wo es ist, meist das sichtbare. Beliebige Größe, beliebiger Typ, mit oder ohne KBS.</translation>
        </message>
        <message>
            <source>Reference band</source>
            <translation>Referenzkanal</translation>
        </message>
        <message>
            <source>Band to match. Not set: the luminance of the visible bands where the raster has three bands or more, else band 1. 0 asks for the luminance by name.</source>
            <translation>Kanal, der abgeglichen wird. Nicht gesetzt: die Helligkeit der sichtbaren Kanäle, wo das Raster drei oder mehr Kanäle hat, sonst Kanal 1. 0 verlangt die Helligkeit ausdrücklich.</translation>
        </message>
        <message>
            <source>The raster to align, usually the near-infrared one. It may have another CRS, pixel size or orientation.</source>
            <translation>Das Raster, das ausgerichtet wird, meist das im nahen Infrarot. KBS, Pixelgröße und Drehung dürfen anders sein.</translation>
        </message>
        <message>
            <source>Sensed band</source>
            <translation>Kanal des auszurichtenden Rasters</translation>
        </message>
        <message>
            <source>Band to match (not set: band 1); the warped raster has all bands. 0 asks for the luminance of the visible bands.</source>
            <translation>Kanal, der abgeglichen wird (nicht gesetzt: Kanal 1); das entzerrte Raster hat alle Kanäle. 0 verlangt die Helligkeit der sichtbaren Kanäle.</translation>
        </message>
        <message>
            <source>Transform</source>
            <translation>Transformation</translation>
        </message>
        <message>
            <source>Model of the transform. 'auto' takes the simplest one that explains tie points left out of the fit.</source>
            <translation>Art der Transformation. 'auto' nimmt die einfachste, die auch Verknüpfungspunkte erklärt, die bei der Anpassung fehlten.</translation>
        </message>
        <message>
            <source>Descriptor</source>
            <translation>Deskriptor</translation>
        </message>
        <message>
            <source>'ltformer' is trained on pairs of visible and near-infrared images; 'rootsift' is the classical one.</source>
            <translation>'ltformer' ist an Paaren sichtbarer und nahinfraroter Bilder trainiert; 'rootsift' ist der klassische.</translation>
        </message>
        <message>
            <source>Largest offset</source>
            <translation>Größter Versatz</translation>
        </message>
        <message>
            <source>The largest offset to expect: '64' for 64 pixels of the coarser image, '250m' for 250 metres. Without georeference the coarse search covers the whole image.</source>
            <translation>Der größte zu erwartende Versatz: '64' für 64 Pixel des gröberen Bildes, '250m' für 250 Meter. Ohne Georeferenz sucht die Grobsuche im ganzen Bild.</translation>
        </message>
        <message>
            <source>Area of interest</source>
            <translation>Interessenbereich</translation>
        </message>
        <message>
            <source>Only what lies in these polygons, in any CRS, is matched.</source>
            <translation>Nur was in diesen Polygonen liegt, in beliebigem KBS, wird abgeglichen.</translation>
        </message>
        <message>
            <source>Weights</source>
            <translation>Gewichte</translation>
        </message>
        <message>
            <source>Name of weights that came with the plugin, or a .safetensors file with its card beside it.</source>
            <translation>Name von Gewichten, die mit dem Plugin kamen, oder eine .safetensors-Datei mit ihrer Karte daneben.</translation>
        </message>
        <message>
            <source>Device</source>
            <translation>Gerät</translation>
        </message>
        <message>
            <source>'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'. 'auto' takes a GPU that works, else the CPU.</source>
            <translation>'auto', 'cpu', 'cuda', 'cuda:1' oder 'mps'. 'auto' nimmt eine GPU, die funktioniert, sonst die CPU.</translation>
        </message>
        <message>
            <source>Backend</source>
            <translation>Backend</translation>
        </message>
        <message>
            <source>Software that runs the network.</source>
            <translation>Software, die das Netz rechnet.</translation>
        </message>
        <message>
            <source>Most tie points</source>
            <translation>Höchstzahl der Verknüpfungspunkte</translation>
        </message>
        <message>
            <source>At most so many tie points are kept, spread evenly.</source>
            <translation>Höchstens so viele Verknüpfungspunkte werden behalten, gleichmäßig verteilt.</translation>
        </message>
        <message>
            <source>Seed</source>
            <translation>Startwert</translation>
        </message>
        <message>
            <source>Start of the random numbers of the robust fit: the same seed gives the same result.</source>
            <translation>Anfang der Zufallszahlen der robusten Anpassung: derselbe Startwert gibt dasselbe Ergebnis.</translation>
        </message>
        <message>
            <source>Resampling</source>
            <translation>Abtastung</translation>
        </message>
        <message>
            <source>How pixels of the warped raster are interpolated.</source>
            <translation>Wie die Pixel des entzerrten Rasters interpoliert werden.</translation>
        </message>
        <message>
            <source>Lowest verdict for a warped raster</source>
            <translation>Schlechtestes Urteil für ein entzerrtes Raster</translation>
        </message>
        <message>
            <source>Below this verdict no warped raster is written, and a run that asked for one ends with an error.</source>
            <translation>Unter diesem Urteil wird kein entzerrtes Raster geschrieben, und ein Lauf, der eines verlangte, endet mit einem Fehler.</translation>
        </message>
        <message>
            <source>One point a pair, in the CRS of the reference, with its position in both images and its residuals.</source>
            <translation>Ein Punkt je Paar, im KBS der Referenz, mit seiner Lage in beiden Bildern und seinen Restfehlern.</translation>
        </message>
        <message>
            <source>Warped raster</source>
            <translation>Entzerrtes Raster</translation>
        </message>
        <message>
            <source>The sensed raster on the grid of the reference: GeoTIFF with all bands, its data type and its nodata.</source>
            <translation>Das auszurichtende Raster auf dem Gitter der Referenz: GeoTIFF mit allen Kanälen, seinem Datentyp und seinem Leerwert.</translation>
        </message>
        <message>
            <source>GCPs of the sensed raster for the Georeferencer.</source>
            <translation>Passpunkte des auszurichtenden Rasters für die Georeferenzierung.</translation>
        </message>
        <message>
            <source>Numbers and pictures to judge the result by.</source>
            <translation>Zahlen und Bilder, um das Ergebnis zu beurteilen.</translation>
        </message>
        <message>
            <source>Inputs, settings, versions and counts, to replay and to prove the run.</source>
            <translation>Eingaben, Einstellungen, Versionen und Zählungen, um den Lauf zu wiederholen und zu belegen.</translation>
        </message>
        <message>
            <source>Verdict: PASS, WARN or FAIL</source>
            <translation>Urteil: PASS, WARN oder FAIL</translation>
        </message>
        <message>
            <source>Model of the transform</source>
            <translation>Art der Transformation</translation>
        </message>
        <message>
            <source>The area of interest cannot be read ({reason}).</source>
            <translation>Der Interessenbereich lässt sich nicht lesen ({reason}).</translation>
        </message>
        <message>
            <source>Verdict PASS. {reasons}</source>
            <translation>Urteil PASS. {reasons}</translation>
        </message>
        <message>
            <source>Verdict {verdict}. {reasons}</source>
            <translation>Urteil {verdict}. {reasons}</translation>
        </message>
        <message>
            <source>No {label} was given.</source>
            <translation>Keine Angabe für: {label}.</translation>
        </message>
        <message>
            <source>The {label} '{value}' is a vector layer; choose a raster.</source>
            <translation>{label}: '{value}' ist ein Vektorlayer; wählen Sie ein Raster.</translation>
        </message>
        <message>
            <source>The {label} '{value}' does not exist.</source>
            <translation>{label}: '{value}' gibt es nicht.</translation>
        </message>
        <message>
            <source>The {label} '{value}' holds {count} rasters; choose one of them, for example {part}.</source>
            <translation>{label}: '{value}' enthält {count} Raster; wählen Sie eines davon, zum Beispiel {part}.</translation>
        </message>
        <message>
            <source>The {label} '{value}' is no raster that GDAL can open.</source>
            <translation>{label}: '{value}' ist kein Raster, das GDAL öffnen kann.</translation>
        </message>
        <message>
            <source>Warp rasters with a solution</source>
            <translation>Raster mit einer Lösung entzerren</translation>
        </message>
        <message>
            <source>coregistration,warp,align,bands,GCP,apply,solution,LTFormer</source>
            <translation>Koregistrierung,entzerren,ausrichten,Kanäle,GCP,Passpunkte,anwenden,Lösung,LTFormer</translation>
        </message>
        <message>
            <source>Applies the transform of one registration to other rasters of the same frame, with all bands.</source>
            <translation>Wendet die Transformation eines Abgleichs auf andere Raster desselben Bildes an, mit allen Kanälen.</translation>
        </message>
        <message>
            <source>One registration serves every raster with the same pixels as its sensed raster: other bands of the same camera, masks, classifications. Band types, nodata, names and colour tables are kept.</source>
            <translation>Ein Abgleich dient jedem Raster mit denselben Pixeln wie sein auszurichtendes Raster: anderen Kanälen derselben Kamera, Masken, Klassifikationen. Datentyp, Leerwert, Namen und Farbtabellen der Kanäle bleiben.</translation>
        </message>
        <message>
            <source>A raster of another size than the one that was registered is refused.</source>
            <translation>Ein Raster anderer Größe als das abgeglichene wird abgelehnt.</translation>
        </message>
        <message>
            <source>Rasters to warp</source>
            <translation>Zu entzerrende Raster</translation>
        </message>
        <message>
            <source>One or more rasters with the same columns and rows as the sensed raster of the registration.</source>
            <translation>Ein oder mehrere Raster mit denselben Spalten und Zeilen wie das auszurichtende Raster des Abgleichs.</translation>
        </message>
        <message>
            <source>Solution</source>
            <translation>Lösung</translation>
        </message>
        <message>
            <source>Solutions (*.json *.gpkg *.points);;All files (*.*)</source>
            <translation>Lösungen (*.json *.gpkg *.points);;Alle Dateien (*.*)</translation>
        </message>
        <message>
            <source>The record.json of a registration, its tie points as GeoPackage, or a .points file.</source>
            <translation>Die record.json eines Abgleichs, seine Verknüpfungspunkte als GeoPackage oder eine .points-Datei.</translation>
        </message>
        <message>
            <source>Model fitted to tie points or GCPs; 'auto' takes the richest of similarity, affine and projective that their number allows. A record brings its own: leave it at 'auto' then.</source>
            <translation>Transformation, die den Verknüpfungs- oder Passpunkten angepasst wird; 'auto' nimmt die reichste von similarity, affine und projective, die ihre Zahl erlaubt. Ein Protokoll bringt seine eigene mit: dann bei 'auto' lassen.</translation>
        </message>
        <message>
            <source>How pixels are interpolated.</source>
            <translation>Wie Pixel interpoliert werden.</translation>
        </message>
        <message>
            <source>Grid</source>
            <translation>Gitter</translation>
        </message>
        <message>
            <source>'reference': pixels, extent and CRS of the reference, so that rasters lie pixel on pixel. 'sensed': the whole footprint of the raster with its own pixel size.</source>
            <translation>'reference': Pixel, Ausdehnung und KBS der Referenz, damit Raster Pixel auf Pixel liegen. 'sensed': das ganze Raster in seiner eigenen Pixelgröße.</translation>
        </message>
        <message>
            <source>Add the rasters in the folder to the project</source>
            <translation>Die Raster im Ordner zum Projekt hinzufügen</translation>
        </message>
        <message>
            <source>Only for rasters that go to the folder.</source>
            <translation>Nur für Raster, die in den Ordner kommen.</translation>
        </message>
        <message>
            <source>Folder for the warped rasters</source>
            <translation>Ordner für die entzerrten Raster</translation>
        </message>
        <message>
            <source>Gets one GeoTIFF a raster, NAME_warped.tif. Not used where 'Warped raster' is set.</source>
            <translation>Bekommt ein GeoTIFF je Raster, NAME_warped.tif. Nicht verwendet, wo 'Entzerrtes Raster' gesetzt ist.</translation>
        </message>
        <message>
            <source>The GeoTIFF of a single raster, for models and scripts; for several rasters choose the folder.</source>
            <translation>Das GeoTIFF eines einzelnen Rasters, für Modelle und Skripte; für mehrere Raster wählen Sie den Ordner.</translation>
        </message>
        <message>
            <source>Number of rasters warped</source>
            <translation>Anzahl der entzerrten Raster</translation>
        </message>
        <message>
            <source>No solution was given.</source>
            <translation>Es wurde keine Lösung angegeben.</translation>
        </message>
        <message>
            <source>The solution '{path}' does not exist.</source>
            <translation>Die Lösung '{path}' gibt es nicht.</translation>
        </message>
        <message>
            <source>'{path}' is no solution: choose a record.json, tie points (.gpkg) or a .points file.</source>
            <translation>'{path}' ist keine Lösung: wählen Sie eine record.json, Verknüpfungspunkte (.gpkg) oder eine .points-Datei.</translation>
        </message>
        <message>
            <source>{count} rasters do not fit into one: leave 'Warped raster' empty and choose a folder.</source>
            <translation>{count} Raster passen nicht in eines: lassen Sie 'Entzerrtes Raster' leer und wählen Sie einen Ordner.</translation>
        </message>
        <message>
            <source>Choose a folder for the warped rasters.</source>
            <translation>Wählen Sie einen Ordner für die entzerrten Raster.</translation>
        </message>
        <message>
            <source>The input '{path}' would be overwritten.</source>
            <translation>Die Eingabe '{path}' würde überschrieben.</translation>
        </message>
        <message>
            <source>Warping '{name}'</source>
            <translation>'{name}' wird entzerrt</translation>
        </message>
        <message>
            <source>'{path}' could not be written.</source>
            <translation>'{path}' konnte nicht geschrieben werden.</translation>
        </message>
        <message>
            <source>Choose another place, or close the program that uses it.</source>
            <translation>Wählen Sie einen anderen Ort, oder schließen Sie das Programm, das die Datei benutzt.</translation>
        </message>
        <message>
            <source>GCPs for the Georeferencer…</source>
            <translation>Passpunkte für die Georeferenzierung…</translation>
        </message>
        <message>
            <source>Open in Georeferencer…</source>
            <translation>In der Georeferenzierung öffnen…</translation>
        </message>
        <message>
            <source>Warped raster…</source>
            <translation>Entzerrtes Raster…</translation>
        </message>
        <message>
            <source>All files of the registration…</source>
            <translation>Alle Dateien des Abgleichs…</translation>
        </message>
        <message>
            <source>Export GCPs</source>
            <translation>Passpunkte exportieren</translation>
        </message>
        <message>
            <source>Georeferencer points (*.points)</source>
            <translation>Punkte der Georeferenzierung (*.points)</translation>
        </message>
        <message>
            <source>Write warped raster</source>
            <translation>Entzerrtes Raster schreiben</translation>
        </message>
        <message>
            <source>GeoTIFF (*.tif *.tiff)</source>
            <translation>GeoTIFF (*.tif *.tiff)</translation>
        </message>
        <message>
            <source>Folder for the files of the registration</source>
            <translation>Ordner für die Dateien des Abgleichs</translation>
        </message>
        <message>
            <source>'{path}' is there already. Replace it with the present tie points?</source>
            <translation>'{path}' ist schon da. Durch die jetzigen Verknüpfungspunkte ersetzen?</translation>
        </message>
        <message>
            <source>Write the tie points to '{path}', where the Georeferencer looks for them?</source>
            <translation>Die Verknüpfungspunkte nach '{path}' schreiben, wo die Georeferenzierung sie sucht?</translation>
        </message>
        <message>
            <source>Open in Georeferencer</source>
            <translation>In der Georeferenzierung öffnen</translation>
        </message>
        <message>
            <source>In the Georeferencer choose File &gt; Open Raster… and take '{path}': its points load by themselves.</source>
            <translation>Wählen Sie in der Georeferenzierung Datei &gt; Raster öffnen… und nehmen Sie '{path}': die Punkte laden sich von selbst.</translation>
        </message>
        <message>
            <source>Written: {path}</source>
            <translation>Geschrieben: {path}</translation>
        </message>
        <message>
            <source>'{name}' is no file of its own; export it as GeoTIFF first.</source>
            <translation>'{name}' ist keine eigene Datei; exportieren Sie es zuerst als GeoTIFF.</translation>
        </message>
        <message>
            <source>Written and added: {path}</source>
            <translation>Geschrieben und hinzugefügt: {path}</translation>
        </message>
        <message>
            <source>Written to {folder}.</source>
            <translation>Geschrieben nach {folder}.</translation>
        </message>
        <message>
            <source>Or run 'Export GCP file for the Georeferencer', which can copy the raster without geotransform.</source>
            <translation>Oder starten Sie 'Passpunktdatei für die Georeferenzierung exportieren', das das Raster ohne Geotransformation kopieren kann.</translation>
        </message>
        <message>
            <source>Cancelled.</source>
            <translation>Abgebrochen.</translation>
        </message>
        <message>
            <source>writing</source>
            <translation>Schreiben</translation>
        </message>
        <message>
            <source>Histogram of residuals</source>
            <translation>Histogramm der Restfehler</translation>
        </message>
        <message>
            <source>Residuals of the points that are on; the last bar holds all over {limit:.2f} px</source>
            <translation>Restfehler der eingeschalteten Punkte; der letzte Balken enthält alle über {limit:.2f} px</translation>
        </message>
        <message>
            <source>no residuals</source>
            <translation>keine Restfehler</translation>
        </message>
        <message>
            <source>residuals</source>
            <translation>Restfehler</translation>
        </message>
        <message>
            <source>&amp;Reference</source>
            <translation>&amp;Referenz</translation>
        </message>
        <message>
            <source>The raster that stays</source>
            <translation>Das Raster, das bleibt</translation>
        </message>
        <message>
            <source>&amp;Sensed</source>
            <translation>&amp;Auszurichten</translation>
        </message>
        <message>
            <source>The raster that is brought onto it</source>
            <translation>Das Raster, das darauf gebracht wird</translation>
        </message>
        <message>
            <source>auto</source>
            <translation>auto</translation>
        </message>
        <message>
            <source>&amp;Transform</source>
            <translation>&amp;Transformation</translation>
        </message>
        <message>
            <source>Family of the transform; 'auto' takes the simplest that explains left-out tie points</source>
            <translation>Art der Transformation; 'auto' nimmt die einfachste, die ausgelassene Verknüpfungspunkte erklärt</translation>
        </message>
        <message>
            <source>&amp;Descriptor</source>
            <translation>&amp;Deskriptor</translation>
        </message>
        <message>
            <source>How keypoints are compared</source>
            <translation>Wie Schlüsselpunkte verglichen werden</translation>
        </message>
        <message>
            <source>Ru&amp;n</source>
            <translation>Sta&amp;rten</translation>
        </message>
        <message>
            <source>Find tie points between both layers</source>
            <translation>Verknüpfungspunkte zwischen beiden Layern finden</translation>
        </message>
        <message>
            <source>&amp;Cancel</source>
            <translation>A&amp;bbrechen</translation>
        </message>
        <message>
            <source>Stop what the engine is doing</source>
            <translation>Anhalten, was die Engine tut</translation>
        </message>
        <message>
            <source>Progress</source>
            <translation>Fortschritt</translation>
        </message>
        <message>
            <source>luminance</source>
            <translation>Helligkeit</translation>
        </message>
        <message>
            <source>Band to compare; 'luminance' mixes the visible bands</source>
            <translation>Kanal zum Vergleichen; 'Helligkeit' mischt die sichtbaren Kanäle</translation>
        </message>
        <message>
            <source>Band</source>
            <translation>Kanal</translation>
        </message>
        <message>
            <source>Choose two raster layers; add them to the project first.</source>
            <translation>Wählen Sie zwei Rasterlayer; fügen Sie sie zuerst zum Projekt hinzu.</translation>
        </message>
        <message>
            <source>Matching</source>
            <translation>Abgleich</translation>
        </message>
        <message>
            <source>Comparing the images</source>
            <translation>Vergleich der Bilder</translation>
        </message>
        <message>
            <source>Finding the point</source>
            <translation>Suche nach dem Punkt</translation>
        </message>
        <message>
            <source>Reading the tie points</source>
            <translation>Verknüpfungspunkte werden gelesen</translation>
        </message>
        <message>
            <source>Writing</source>
            <translation>Es wird geschrieben</translation>
        </message>
        <message>
            <source>LTFormer matches</source>
            <translation>LTFormer-Punkte</translation>
        </message>
        <message>
            <source>Match</source>
            <translation>Abgleich</translation>
        </message>
        <message>
            <source>Fit</source>
            <translation>Anpassung</translation>
        </message>
        <message>
            <source>Load tie points</source>
            <translation>Verknüpfungspunkte laden</translation>
        </message>
        <message>
            <source>Click a place in the reference, then the same place in the sensed raster.</source>
            <translation>Klicken Sie eine Stelle in der Referenz, dann dieselbe Stelle im auszurichtenden Raster.</translation>
        </message>
        <message>
            <source>LTFormer</source>
            <translation>LTFormer</translation>
        </message>
        <message>
            <source>All that can be loaded</source>
            <translation>Alles, was sich laden lässt</translation>
        </message>
        <message>
            <source>Run record</source>
            <translation>Laufprotokoll</translation>
        </message>
        <message>
            <source>Id</source>
            <translation>Nr.</translation>
        </message>
        <message>
            <source>Residual</source>
            <translation>Restfehler</translation>
        </message>
        <message>
            <source>Held out</source>
            <translation>Ausgelassen</translation>
        </message>
        <message>
            <source>Score</source>
            <translation>Güte</translation>
        </message>
        <message>
            <source>On</source>
            <translation>An</translation>
        </message>
        <message>
            <source>Number of the tie point</source>
            <translation>Nummer des Verknüpfungspunkts</translation>
        </message>
        <message>
            <source>Distance to where the transform puts it, pixels of the reference</source>
            <translation>Abstand zu dem Ort, an den die Transformation ihn bringt, Pixel der Referenz</translation>
        </message>
        <message>
            <source>The same when its part of the image was left out of the fit</source>
            <translation>Dasselbe, wenn sein Teil des Bildes bei der Anpassung fehlte</translation>
        </message>
        <message>
            <source>How alike both images are there, 0 to 1</source>
            <translation>Wie ähnlich sich beide Bilder dort sind, 0 bis 1</translation>
        </message>
        <message>
            <source>Whether the transform rests on it</source>
            <translation>Ob die Transformation auf ihm ruht</translation>
        </message>
        <message>
            <source>The tie points in this project cannot be read ({error}).</source>
            <translation>Die Verknüpfungspunkte in diesem Projekt lassen sich nicht lesen ({error}).</translation>
        </message>
        <message>
            <source>'{name}' cannot be read: {error}.</source>
            <translation>'{name}' lässt sich nicht lesen: {error}.</translation>
        </message>
        <message>
            <source>'{name}' is no run record of LTFormer.</source>
            <translation>'{name}' ist kein Laufprotokoll von LTFormer.</translation>
        </message>
        <message>
            <source>QGIS draws '{name}' through its ground control points, so points cannot be shown on it. Warp it first (Raster &gt; Projections &gt; Warp).</source>
            <translation>QGIS zeichnet '{name}' über seine Passpunkte, daher lassen sich darauf keine Punkte zeigen. Entzerren Sie es zuerst (Raster &gt; Projektionen &gt; Transformieren).</translation>
        </message>
        <message>
            <source>The tie points '{path}' are not there.</source>
            <translation>Die Verknüpfungspunkte '{path}' sind nicht da.</translation>
        </message>
        <message>
            <source>'{name}' holds no tie points of LTFormer.</source>
            <translation>'{name}' enthält keine Verknüpfungspunkte von LTFormer.</translation>
        </message>
        <message>
            <source>The raster '{path}' is not there. Add it to the project, then load the result again.</source>
            <translation>Das Raster '{path}' ist nicht da. Fügen Sie es zum Projekt hinzu und laden Sie das Ergebnis noch einmal.</translation>
        </message>
        <message>
            <source>The raster '{path}' cannot be opened.</source>
            <translation>Das Raster '{path}' lässt sich nicht öffnen.</translation>
        </message>
        <message>
            <source>LTFormer: {name}</source>
            <translation>LTFormer: {name}</translation>
        </message>
        <message>
            <source>Something unexpected happened ({error}).</source>
            <translation>Etwas Unerwartetes ist geschehen ({error}).</translation>
        </message>
        <message>
            <source>no tie points are loaded</source>
            <translation>es sind keine Verknüpfungspunkte geladen</translation>
        </message>
        <message>
            <source>Enable points</source>
            <translation>Punkte einschalten</translation>
        </message>
        <message>
            <source>Disable points</source>
            <translation>Punkte abschalten</translation>
        </message>
        <message>
            <source>Delete points</source>
            <translation>Punkte löschen</translation>
        </message>
        <message>
            <source>Add point</source>
            <translation>Punkt hinzufügen</translation>
        </message>
        <message>
            <source>Choose transform</source>
            <translation>Transformation wählen</translation>
        </message>
        <message>
            <source>Look at the tie points of two rasters and mend them</source>
            <translation>Die Verknüpfungspunkte zweier Raster ansehen und verbessern</translation>
        </message>
        <message>
            <source>Double-click shows a point close up; space switches it on or off</source>
            <translation>Doppelklick zeigt einen Punkt aus der Nähe; die Leertaste schaltet ihn an oder ab</translation>
        </message>
        <message>
            <source>Undo</source>
            <translation>Rückgängig</translation>
        </message>
        <message>
            <source>Redo</source>
            <translation>Wiederholen</translation>
        </message>
        <message>
            <source>On/off</source>
            <translation>An/ab</translation>
        </message>
        <message>
            <source>Switch the picked points on or off</source>
            <translation>Die gewählten Punkte an- oder abschalten</translation>
        </message>
        <message>
            <source>Delete</source>
            <translation>Löschen</translation>
        </message>
        <message>
            <source>Delete the picked points</source>
            <translation>Die gewählten Punkte löschen</translation>
        </message>
        <message>
            <source>Verdict</source>
            <translation>Urteil</translation>
        </message>
        <message>
            <source>The images have not been compared under this transform yet.</source>
            <translation>Die Bilder sind unter dieser Transformation noch nicht verglichen.</translation>
        </message>
        <message>
            <source>Family of the transform fitted to the points that are on</source>
            <translation>Art der Transformation, die den eingeschalteten Punkten angepasst ist</translation>
        </message>
        <message>
            <source>Fitted transform</source>
            <translation>Angepasste Transformation</translation>
        </message>
        <message>
            <source>&amp;Fitted</source>
            <translation>A&amp;ngepasst</translation>
        </message>
        <message>
            <source>Points on</source>
            <translation>Punkte an</translation>
        </message>
        <message>
            <source>Points that the transform rests on, of all</source>
            <translation>Punkte, auf denen die Transformation ruht, von allen</translation>
        </message>
        <message>
            <source>RMSE</source>
            <translation>RMSE</translation>
        </message>
        <message>
            <source>Root mean square of their residuals</source>
            <translation>Quadratisches Mittel ihrer Restfehler</translation>
        </message>
        <message>
            <source>Root mean square at points left out of the fit</source>
            <translation>Quadratisches Mittel an Punkten, die bei der Anpassung fehlten</translation>
        </message>
        <message>
            <source>CE90</source>
            <translation>CE90</translation>
        </message>
        <message>
            <source>Radius that holds 90 % of the residuals</source>
            <translation>Radius, in dem 90 % der Restfehler liegen</translation>
        </message>
        <message>
            <source>Coverage</source>
            <translation>Abdeckung</translation>
        </message>
        <message>
            <source>Share of the overlap's cells that hold a point</source>
            <translation>Anteil der Zellen der Überlappung, die einen Punkt enthalten</translation>
        </message>
        <message>
            <source>Structure</source>
            <translation>Struktur</translation>
        </message>
        <message>
            <source>How far the images agree beyond chance, standard deviations</source>
            <translation>Wie weit die Bilder über den Zufall hinaus übereinstimmen, Standardabweichungen</translation>
        </message>
        <message>
            <source>Load…</source>
            <translation>Laden…</translation>
        </message>
        <message>
            <source>Load tie points: a run's record.json, or a file of points</source>
            <translation>Verknüpfungspunkte laden: die record.json eines Laufs oder eine Datei mit Punkten</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>Export</translation>
        </message>
        <message>
            <source>Hand the tie points on</source>
            <translation>Die Verknüpfungspunkte weitergeben</translation>
        </message>
        <message>
            <source>Click one place in the reference, then in the sensed raster; it is found to a fraction of a pixel</source>
            <translation>Klicken Sie eine Stelle in der Referenz, dann im auszurichtenden Raster; sie wird auf Bruchteile eines Pixels gefunden</translation>
        </message>
        <message>
            <source>Lines</source>
            <translation>Linien</translation>
        </message>
        <message>
            <source>Draw lines across from view to view</source>
            <translation>Linien von Ansicht zu Ansicht zeichnen</translation>
        </message>
        <message>
            <source>Outliers</source>
            <translation>Ausreißer</translation>
        </message>
        <message>
            <source>Show points that are off, too</source>
            <translation>Auch abgeschaltete Punkte zeigen</translation>
        </message>
        <message>
            <source>Whole</source>
            <translation>Alles</translation>
        </message>
        <message>
            <source>Show the whole rasters</source>
            <translation>Die ganzen Raster zeigen</translation>
        </message>
        <message>
            <source>No overlay</source>
            <translation>Keine Überlagerung</translation>
        </message>
        <message>
            <source>Blend</source>
            <translation>Mischen</translation>
        </message>
        <message>
            <source>Swipe</source>
            <translation>Wischen</translation>
        </message>
        <message>
            <source>Show the sensed raster, warped as it would be now, over the map</source>
            <translation>Das auszurichtende Raster, so entzerrt, wie es jetzt würde, über der Karte zeigen</translation>
        </message>
        <message>
            <source>Overlay in the map</source>
            <translation>Überlagerung in der Karte</translation>
        </message>
        <message>
            <source>How much of it</source>
            <translation>Wie viel davon</translation>
        </message>
        <message>
            <source>How much of the overlay</source>
            <translation>Wie viel von der Überlagerung</translation>
        </message>
        <message>
            <source>Reference</source>
            <translation>Referenz</translation>
        </message>
        <message>
            <source>Sensed</source>
            <translation>Auszurichten</translation>
        </message>
        <message>
            <source>device</source>
            <translation>Gerät</translation>
        </message>
        <message>
            <source>matching</source>
            <translation>Abgleich</translation>
        </message>
        <message>
            <source>comparing the images</source>
            <translation>Vergleich der Bilder</translation>
        </message>
        <message>
            <source>reading the tie points</source>
            <translation>Lesen der Verknüpfungspunkte</translation>
        </message>
        <message>
            <source>The point was set where you clicked; it could not be measured: {why}.</source>
            <translation>Der Punkt wurde dort gesetzt, wo Sie geklickt haben; er ließ sich nicht messen: {why}.</translation>
        </message>
        <message>
            <source>finding the point</source>
            <translation>Suche nach dem Punkt</translation>
        </message>
        <message>
            <source>The engine could not be started.</source>
            <translation>Die Engine konnte nicht gestartet werden.</translation>
        </message>
        <message>
            <source>The engine did not answer within {limit:.0f} s.</source>
            <translation>Die Engine hat innerhalb von {limit:.0f} s nicht geantwortet.</translation>
        </message>
        <message>
            <source>Run 'Check and set up environment'.</source>
            <translation>Starten Sie 'Umgebung prüfen und einrichten'.</translation>
        </message>
        <message>
            <source>The engine stopped unexpectedly ({how}).</source>
            <translation>Die Engine hat unerwartet geendet ({how}).</translation>
        </message>
        <message>
            <source>Run it again; if it stops again, run 'Check and set up environment'.</source>
            <translation>Starten Sie noch einmal; endet sie wieder, starten Sie 'Umgebung prüfen und einrichten'.</translation>
        </message>
        <message>
            <source>Its last words: {words}</source>
            <translation>Ihre letzten Worte: {words}</translation>
        </message>
        <message>
            <source>exit code {code}</source>
            <translation>Rückgabewert {code}</translation>
        </message>
        <message>
            <source>, perhaps for lack of memory</source>
            <translation>, vielleicht aus Mangel an Speicher</translation>
        </message>
        <message>
            <source>killed by signal {name}{hint}</source>
            <translation>durch Signal {name} beendet{hint}</translation>
        </message>
        <message>
            <source>the Python chosen in the options</source>
            <translation>das in den Optionen gewählte Python</translation>
        </message>
        <message>
            <source>the Python named by LTFORMER_PYTHON</source>
            <translation>das von LTFORMER_PYTHON genannte Python</translation>
        </message>
        <message>
            <source>the private environment of the plugin</source>
            <translation>die private Umgebung des Plugins</translation>
        </message>
        <message>
            <source>the Python of QGIS</source>
            <translation>das Python von QGIS</translation>
        </message>
        <message>
            <source>it is Python {found}, and 3.9 is the oldest that works</source>
            <translation>es ist Python {found}, und 3.9 ist das älteste, das geht</translation>
        </message>
        <message>
            <source>it lacks {names}</source>
            <translation>es fehlt {names}</translation>
        </message>
        <message>
            <source>The LTFormer engine is not set up: no Python with PyTorch, OpenCV and GDAL was found.</source>
            <translation>Die LTFormer-Engine ist nicht eingerichtet: es wurde kein Python mit PyTorch, OpenCV und GDAL gefunden.</translation>
        </message>
        <message>
            <source>Tried {tried}.</source>
            <translation>Versucht wurde: {tried}.</translation>
        </message>
        <message>
            <source>QGIS's own Python was not found.</source>
            <translation>Das Python von QGIS wurde nicht gefunden.</translation>
        </message>
        <message>
            <source>Run 'Check and set up environment' with the action 'create', or choose a Python in Settings &gt; Options &gt; LTFormer.</source>
            <translation>Starten Sie 'Umgebung prüfen und einrichten' mit der Aktion 'create', oder wählen Sie ein Python unter Einstellungen &gt; Optionen &gt; LTFormer.</translation>
        </message>
        <message>
            <source>there is no such file</source>
            <translation>es gibt keine solche Datei</translation>
        </message>
        <message>
            <source>it cannot be started ({reason})</source>
            <translation>es lässt sich nicht starten ({reason})</translation>
        </message>
        <message>
            <source>it did not answer within {limit} s</source>
            <translation>es hat innerhalb von {limit} s nicht geantwortet</translation>
        </message>
        <message>
            <source>it is no working Python ({reason})</source>
            <translation>es ist kein Python, das läuft ({reason})</translation>
        </message>
        <message>
            <source>usable</source>
            <translation>brauchbar</translation>
        </message>
        <message>
            <source>Plugin</source>
            <translation>Plugin</translation>
        </message>
        <message>
            <source>Pythons tried, in this order</source>
            <translation>Versuchte Pythons, in dieser Reihenfolge</translation>
        </message>
        <message>
            <source>Engine</source>
            <translation>Engine</translation>
        </message>
        <message>
            <source>Log of the set-up</source>
            <translation>Protokoll der Einrichtung</translation>
        </message>
        <message>
            <source>no</source>
            <translation>nein</translation>
        </message>
        <message>
            <source>yes</source>
            <translation>ja</translation>
        </message>
        <message>
            <source>The open options of '{name}' are not used: the file is read as it is.</source>
            <translation>Die Öffnungsoptionen von '{name}' werden nicht verwendet: die Datei wird gelesen, wie sie ist.</translation>
        </message>
        <message>
            <source>'{name}' has no CRS of its own, so the one set in QGIS is not used; write it into the file with 'Assign projection' if it should count.</source>
            <translation>'{name}' hat kein eigenes KBS, daher wird das in QGIS gesetzte nicht verwendet; schreiben Sie es mit 'Projektion zuweisen' in die Datei, wenn es gelten soll.</translation>
        </message>
        <message>
            <source>'{name}' lies on the network; download it, or export what you need as GeoTIFF, first.</source>
            <translation>'{name}' liegt im Netz; laden Sie es zuerst herunter, oder exportieren Sie, was Sie brauchen, als GeoTIFF.</translation>
        </message>
        <message>
            <source>'{name}' exists only in QGIS's memory; export it as GeoTIFF first.</source>
            <translation>'{name}' besteht nur im Speicher von QGIS; exportieren Sie es zuerst als GeoTIFF.</translation>
        </message>
        <message>
            <source>'{name}' cannot be opened with GDAL.</source>
            <translation>'{name}' lässt sich mit GDAL nicht öffnen.</translation>
        </message>
        <message>
            <source>a web map (WMS, WMTS or XYZ tiles)</source>
            <translation>eine Webkarte (WMS, WMTS oder XYZ-Kacheln)</translation>
        </message>
        <message>
            <source>a web coverage (WCS)</source>
            <translation>ein Web Coverage Service (WCS)</translation>
        </message>
        <message>
            <source>an ArcGIS map service</source>
            <translation>ein ArcGIS-Kartendienst</translation>
        </message>
        <message>
            <source>a raster in a PostgreSQL database</source>
            <translation>ein Raster in einer PostgreSQL-Datenbank</translation>
        </message>
        <message>
            <source>an expression over other rasters</source>
            <translation>ein Ausdruck über andere Raster</translation>
        </message>
        <message>
            <source>of the provider '{name}'</source>
            <translation>vom Datenanbieter '{name}'</translation>
        </message>
        <message>
            <source>'{name}' is {kind}, not a raster file; export the part you need as GeoTIFF first (right-click the layer &gt; Export &gt; Save As) and choose that file.</source>
            <translation>'{name}' ist {kind}, keine Rasterdatei; exportieren Sie den nötigen Teil zuerst als GeoTIFF (Rechtsklick auf den Layer &gt; Export &gt; Speichern als) und wählen Sie diese Datei.</translation>
        </message>
        <message>
            <source>has 1 band</source>
            <translation>hat 1 Kanal</translation>
        </message>
        <message>
            <source>has {count} bands</source>
            <translation>hat {count} Kanäle</translation>
        </message>
        <message>
            <source>Band {band} was requested but '{name}' {has}.</source>
            <translation>Kanal {band} wurde verlangt, aber '{name}' {has}.</translation>
        </message>
        <message>
            <source>Reference and sensed are the same band ({band}) of '{name}'; choose two images.</source>
            <translation>Referenz und auszurichtendes Raster sind derselbe Kanal ({band}) von '{name}'; wählen Sie zwei Bilder.</translation>
        </message>
        <message>
            <source>'{reference}' and '{sensed}' do not overlap: {distance}; check their CRS.</source>
            <translation>'{reference}' und '{sensed}' überlappen sich nicht: {distance}; prüfen Sie ihr KBS.</translation>
        </message>
        <message>
            <source>their extents are {length:.4g} degrees apart</source>
            <translation>ihre Ausdehnungen liegen {length:.4g} Grad auseinander</translation>
        </message>
        <message>
            <source>their extents are {length:.4g} km apart</source>
            <translation>ihre Ausdehnungen liegen {length:.4g} km auseinander</translation>
        </message>
        <message>
            <source>found by itself</source>
            <translation>wird selbst gefunden</translation>
        </message>
        <message>
            <source>that of the plugin</source>
            <translation>der des Plugins</translation>
        </message>
        <message>
            <source>all processors</source>
            <translation>alle Prozessoren</translation>
        </message>
        <message>
            <source>Check</source>
            <translation>Prüfen</translation>
        </message>
        <message>
            <source>Set up environment…</source>
            <translation>Umgebung einrichten…</translation>
        </message>
        <message>
            <source>A Python with PyTorch, OpenCV and GDAL; empty: found by itself.</source>
            <translation>Ein Python mit PyTorch, OpenCV und GDAL; leer: wird selbst gefunden.</translation>
        </message>
        <message>
            <source>What 'auto' in the algorithms stands for.</source>
            <translation>Wofür 'auto' in den Algorithmen steht.</translation>
        </message>
        <message>
            <source>Folder of weights</source>
            <translation>Ordner mit Gewichten</translation>
        </message>
        <message>
            <source>Weights named in the algorithms are looked for here first.</source>
            <translation>Gewichte, die in den Algorithmen mit Namen genannt sind, werden zuerst hier gesucht.</translation>
        </message>
        <message>
            <source>Threads</source>
            <translation>Threads</translation>
        </message>
        <message>
            <source>How many processors the engine may use.</source>
            <translation>Wie viele Prozessoren die Engine benutzen darf.</translation>
        </message>
        <message>
            <source>State</source>
            <translation>Zustand</translation>
        </message>
        <message>
            <source>The engine is asked…</source>
            <translation>Die Engine wird gefragt…</translation>
        </message>
        <message>
            <source>Asking the LTFormer engine</source>
            <translation>Die LTFormer-Engine wird gefragt</translation>
        </message>
        <message>
            <source>Match visible/NIR layers…</source>
            <translation>Sichtbar/NIR-Layer abgleichen…</translation>
        </message>
        <message>
            <source>Check and set up environment…</source>
            <translation>Umgebung prüfen und einrichten…</translation>
        </message>
        <message>
            <source>The layer that the engine wrote cannot be read.</source>
            <translation>Der Layer, den die Engine geschrieben hat, lässt sich nicht lesen.</translation>
        </message>
        <message>
            <source>The layer could not be written.</source>
            <translation>Der Layer konnte nicht geschrieben werden.</translation>
        </message>
        <message>
            <source>Making a private environment in {folder}</source>
            <translation>Private Umgebung wird in {folder} angelegt</translation>
        </message>
        <message>
            <source>Installing PyTorch, OpenCV and what they need</source>
            <translation>PyTorch, OpenCV und was sie brauchen, werden installiert</translation>
        </message>
        <message>
            <source>The private environment works: Python {version}</source>
            <translation>Die private Umgebung läuft: Python {version}</translation>
        </message>
        <message>
            <source>QGIS's own Python interpreter was not found.</source>
            <translation>Der Python-Interpreter von QGIS wurde nicht gefunden.</translation>
        </message>
        <message>
            <source>Install Python with PyTorch, OpenCV and GDAL yourself, and choose it in Settings &gt; Options &gt; LTFormer.</source>
            <translation>Installieren Sie selbst ein Python mit PyTorch, OpenCV und GDAL, und wählen Sie es unter Einstellungen &gt; Optionen &gt; LTFormer.</translation>
        </message>
        <message>
            <source>There is too little space for the private environment.</source>
            <translation>Für die private Umgebung ist zu wenig Platz.</translation>
        </message>
        <message>
            <source>{free:.1f} GB are free in '{folder}', about {needed:g} GB are needed.</source>
            <translation>{free:.1f} GB sind in '{folder}' frei, etwa {needed:g} GB sind nötig.</translation>
        </message>
        <message>
            <source>Free some, or choose the build for CPUs.</source>
            <translation>Schaffen Sie Platz, oder wählen Sie die Ausgabe für CPUs.</translation>
        </message>
        <message>
            <source>The private environment is in use.</source>
            <translation>Die private Umgebung ist in Gebrauch.</translation>
        </message>
        <message>
            <source>Close other QGIS windows and try again.</source>
            <translation>Schließen Sie andere QGIS-Fenster und versuchen Sie es noch einmal.</translation>
        </message>
        <message>
            <source>The private environment could not be made.</source>
            <translation>Die private Umgebung konnte nicht angelegt werden.</translation>
        </message>
        <message>
            <source>Run it again: what was downloaded is kept. Without network, give a folder of wheels. All of it stands in {log}.</source>
            <translation>Starten Sie noch einmal: was geladen wurde, bleibt erhalten. Ohne Netz geben Sie einen Ordner mit Wheels an. Alles steht in {log}.</translation>
        </message>
        <message>
            <source>{index} cannot be reached: PyTorch comes from pip's own index.</source>
            <translation>{index} ist nicht erreichbar: PyTorch kommt aus dem Verzeichnis von pip.</translation>
        </message>
        <message>
            <source>QGIS's Python has no numpy.</source>
            <translation>Dem Python von QGIS fehlt numpy.</translation>
        </message>
        <message>
            <source>Repair the installation of QGIS.</source>
            <translation>Reparieren Sie die Installation von QGIS.</translation>
        </message>
        <message>
            <source>QGIS's Python is too old for the engine.</source>
            <translation>Das Python von QGIS ist für die Engine zu alt.</translation>
        </message>
        <message>
            <source>It is {found}, and {oldest} is the oldest that works.</source>
            <translation>Es ist {found}, und {oldest} ist das älteste, das geht.</translation>
        </message>
        <message>
            <source>Use a newer QGIS, or choose a Python with GDAL and PyTorch in Settings &gt; Options &gt; LTFormer.</source>
            <translation>Nehmen Sie ein neueres QGIS, oder wählen Sie ein Python mit GDAL und PyTorch unter Einstellungen &gt; Optionen &gt; LTFormer.</translation>
        </message>
        <message>
            <source>The private environment was made but does not work.</source>
            <translation>Die private Umgebung wurde angelegt, läuft aber nicht.</translation>
        </message>
        <message>
            <source>Python of the LTFormer engine (empty: found by itself)</source>
            <translation>Python der LTFormer-Engine (leer: wird selbst gefunden)</translation>
        </message>
        <message>
            <source>LTFormer Co-registration</source>
            <translation>LTFormer-Koregistrierung</translation>
        </message>
        <message>
            <source>outlier</source>
            <translation>Ausreißer</translation>
        </message>
        <message>
            <source>over 2 px</source>
            <translation>über 2 px</translation>
        </message>
        <message>
            <source>Point {number} has no position in both images: give it sensed_x and sensed_y, or delete it. Points drawn by hand have none.</source>
            <translation>Punkt {number} hat nicht in beiden Bildern einen Ort: geben Sie ihm sensed_x und sensed_y, oder löschen Sie ihn. Von Hand gezeichnete Punkte haben keinen.</translation>
        </message>
        <message>
            <source>CPU only</source>
            <translation>Nur CPU</translation>
        </message>
        <message>
            <source>NVIDIA GPU (CUDA)</source>
            <translation>NVIDIA-GPU (CUDA)</translation>
        </message>
        <message>
            <source>{name}: about {download:g} GB to download, {disk:g} GB on disk</source>
            <translation>{name}: etwa {download:g} GB zu laden, {disk:g} GB auf der Platte</translation>
        </message>
        <message>
            <source>There is no PyTorch for CUDA on macOS.</source>
            <translation>Für macOS gibt es kein PyTorch mit CUDA.</translation>
        </message>
        <message>
            <source>Choose the build for CPUs.</source>
            <translation>Wählen Sie die Ausgabe für CPUs.</translation>
        </message>
        <message>
            <source>The folder of wheels '{path}' does not exist.</source>
            <translation>Den Ordner mit Wheels '{path}' gibt es nicht.</translation>
        </message>
    </context>
</TS>
